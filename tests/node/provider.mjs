// A real OpenID provider: `node provider.mjs '{"port": ..., "client": {...}, "people": {...}}'`; it tells on standard
// output when it listens. Whoever fills in a name comes in as that person, at the level (acr) that stands there.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const { port, client, people } = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

const provider = new Provider(issuer, {
  clients: [{
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'private_key_jwt',
    id_token_signed_response_alg: 'PS256',
    ...client,
  }],
  jwks: { keys: [{ ...key, use: 'sig', kid: 'een' }] },
  cookies: { keys: ['alleen in tests'] },
  pkce: { required: () => true },
  acrValues: [...new Set(Object.values(people).map((person) => person.acr))],
  claims: { openid: ['sub'], profile: ['name'], email: ['email'], rni: ['roles', 'gemeenten'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (ctx, interaction) => `/aanmelden/${interaction.uid}` },
  findAccount: (ctx, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id].claims }) },
  // Nobody is asked whether the service may know who they are: it is their work.
  async loadExistingGrant(ctx) {
    const { client: asks, session, params } = ctx.oidc;
    const grant = new ctx.oidc.provider.Grant({ clientId: asks.clientId, accountId: session.accountId });
    grant.addOIDCScope(params.scope);
    await grant.save();
    return grant;
  },
});

const callback = provider.callback();

createServer(async (request, response) => {
  if (!request.url.startsWith('/aanmelden/')) {
    callback(request, response);
    return;
  }
  if (request.method === 'GET') {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end('<form method="post"><label>Wie bent u? <input name="wie"></label><button>Verder</button></form>');
    return;
  }
  let body = '';
  for await (const part of request) body += part;
  const who = new URLSearchParams(body).get('wie');
  const said = people[who]
    ? { login: { accountId: who, acr: people[who].acr } }
    : { error: 'access_denied', error_description: 'Niemand met deze naam.' };
  await provider.interactionFinished(request, response, said);
}).listen(port, '127.0.0.1', () => console.log('luistert'));
