"""A logboek of an organisation, as a process: takes OTLP over HTTP, writes what it understood to a file.

`python -m tests.service.log.otlp_receiver FILE [refuse]` prints its port. With `refuse` it answers 503 to every other
message, after it has written it down: as a receiver whose confirmation is lost.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Receiver(BaseHTTPRequestHandler):
    """Parses each message by the official definition; what does not parse is refused."""

    file: Path
    every_other = False
    seen = 0

    def do_POST(self) -> None:
        """One message."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        message = ExportTraceServiceRequest.FromString(body)
        assert self.headers["Content-Type"] == "application/x-protobuf"
        with self.file.open("a") as lines:
            for of_code in message.resource_spans:
                resource = {each.key: each.value.string_value for each in of_code.resource.attributes}
                for scope in of_code.scope_spans:
                    for span in scope.spans:
                        told = {
                            "trace_id": span.trace_id.hex(),
                            "span_id": span.span_id.hex(),
                            "parent_span_id": span.parent_span_id.hex(),
                            "name": span.name,
                            "status": span.status.code,
                            "start": span.start_time_unix_nano,
                            "end": span.end_time_unix_nano,
                            "attributes": {each.key: each.value.string_value for each in span.attributes},
                            "resource": resource,
                            "scope": [scope.scope.name, scope.scope.version],
                            "token": self.headers.get("Authorization"),
                        }
                        lines.write(json.dumps(told) + "\n")
        type(self).seen += 1
        refused = self.every_other and type(self).seen % 2 == 1
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(503 if refused else 200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *told: object) -> None:
        """Its output is its port and nothing else."""


if __name__ == "__main__":
    Receiver.file, Receiver.every_other = Path(sys.argv[1]), "refuse" in sys.argv[2:]
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    print(server.server_port, flush=True)
    server.serve_forever()
