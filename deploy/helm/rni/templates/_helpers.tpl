{{/* Names and labels. */}}
{{- define "rni.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "rni.chosen" -}}
app.kubernetes.io/name: rni
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{- define "rni.labels" -}}
{{ include "rni.chosen" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end -}}

{{- define "rni.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "rni.claim" -}}
{{- .Values.storage.existingClaim | default (printf "%s-bestanden" (include "rni.name" .)) -}}
{{- end -}}

{{/* What holds for every pod: no root, no token of the cluster, no more system calls than a service needs. */}}
{{- define "rni.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "rni.container" -}}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* The settings of every process; the owner of the tables is known to the job of the schema alone. */}}
{{- define "rni.env" -}}
- name: RNI_ENVIRONMENT
  value: production
- name: RNI_BASE_URL
  value: {{ .Values.baseUrl | quote }}
- name: RNI_DATA_DIR
  value: /var/lib/rni
- name: RNI_SECRET_KEYS_FILE
  value: /etc/rni/sleutels
- name: RNI_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.secret.name }}
      key: database-url
{{- with .Values.forwardedAllowIps }}
- name: RNI_FORWARDED_ALLOW_IPS
  value: {{ . | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- range $name, $from := .Values.settingsFrom }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.name }}
      key: {{ $from.key }}
{{- end }}
{{- end -}}

{{- define "rni.mounts" -}}
- name: bestanden
  mountPath: /var/lib/rni
- name: sleutels
  mountPath: /etc/rni
  readOnly: true
- name: tijdelijk
  mountPath: /tmp
{{- end -}}

{{- define "rni.volumes" -}}
- name: bestanden
  persistentVolumeClaim:
    claimName: {{ include "rni.claim" . }}
- name: sleutels
  secret:
    secretName: {{ .Values.secret.name }}
    defaultMode: 0440
    items:
      - key: sleutels
        path: sleutels
- name: tijdelijk
  emptyDir:
    sizeLimit: 2Gi
{{- end -}}
