# finds: switch=OTEL_SDK_DISABLED=true
# near miss: telemetry is switched on
setup() { fake claude; }
positive() { env OTEL_SDK_DISABLED=true claude -p x; }
negative() { env OTEL_SDK_DISABLED=false OTEL_LOGS_EXPORTER=otlp claude -p x; }
