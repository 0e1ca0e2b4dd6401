/**
 * The settings of the output `opentelemetry`: k6's variables K6_OTEL_*, and of those of the OpenTelemetry SDKs the ones that
 * name the service. Reads files with certificates, opens nothing else.
 */
import { readFileSync } from 'node:fs'
import { Settings } from '../settings.js'

/** Settings, complete. */
export interface OpenTelemetryConfig {
  readonly protocol: 'grpc' | 'http/protobuf'
  /** `host:port` */
  readonly endpoint: string
  /** Of HTTP only. */
  readonly urlPath: string
  /** Undefined for a connection that is not encrypted. */
  readonly tls: { rejectUnauthorized: boolean; ca?: string; cert?: string; key?: string } | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly metricPrefix: string
  readonly exportIntervalMs: number
  /** Attributes of the resource: the service, and what OTEL_RESOURCE_ATTRIBUTES has. */
  readonly resource: ReadonlyMap<string, string>
}

const prefix = 'K6_OTEL_'

/** @throws {AppError} `USAGE` for what is wrong, `NOT_SUPPORTED` for what is not there, `OUTPUT_FAILED` for a file */
export function openTelemetryConfig(
  type: string,
  argument: string,
  environment: Readonly<Record<string, string | undefined>>,
  version: string,
): OpenTelemetryConfig {
  const settings = new Settings(type, prefix, environment)
  if (argument !== '') {
    throw settings.wrong(`"${argument}" is no argument that it takes`, `use the variables ${prefix}*`)
  }
  if (settings.text('SINGLE_COUNTER_FOR_RATE') !== undefined && !settings.flag('SINGLE_COUNTER_FOR_RATE')) {
    throw settings.notSupported('SINGLE_COUNTER_FOR_RATE', 'two counters for a rate are', 'leave the variable out')
  }
  // Samples are added up as they come, so there is nothing to flush; the value must be right all the same.
  settings.durationMs('FLUSH_INTERVAL', '1s')
  const protocol = protocolOf(settings)
  const kind = protocol === 'grpc' ? 'GRPC' : 'HTTP'
  return {
    protocol,
    endpoint: endpointOf(settings, kind),
    urlPath: urlPathOf(settings),
    tls: settings.flag(`${kind}_EXPORTER_INSECURE`) ? undefined : tlsOf(settings),
    headers: headersOf(settings),
    metricPrefix: settings.text('METRIC_PREFIX') ?? '',
    exportIntervalMs: settings.durationMs('EXPORT_INTERVAL', '10s'),
    resource: resourceOf(settings, environment, version),
  }
}

function protocolOf(settings: Settings): OpenTelemetryConfig['protocol'] {
  const protocol = settings.text('EXPORTER_PROTOCOL')
  if (protocol === 'grpc' || protocol === 'http/protobuf') return protocol
  if (protocol !== undefined) {
    throw settings.wrong(`${prefix}EXPORTER_PROTOCOL is "${protocol}", it can be grpc or http/protobuf`)
  }
  // The variable's name in older versions.
  const type = settings.text('EXPORTER_TYPE') ?? 'grpc'
  if (type !== 'grpc' && type !== 'http')
    throw settings.wrong(`${prefix}EXPORTER_TYPE is "${type}", it can be grpc or http`)
  return type === 'http' ? 'http/protobuf' : 'grpc'
}

function endpointOf(settings: Settings, kind: 'GRPC' | 'HTTP'): string {
  const name = `${kind}_EXPORTER_ENDPOINT`
  const endpoint = settings.text(name) ?? (kind === 'GRPC' ? 'localhost:4317' : 'localhost:4318')
  const isHostAndPort = !/[\s/?#@]/.test(endpoint) && URL.canParse(`http://${endpoint}`)
  if (!isHostAndPort) throw settings.wrong(`${prefix}${name} is "${endpoint}", it must be host:port without a scheme`)
  return endpoint
}

function urlPathOf(settings: Settings): string {
  const path = settings.text('HTTP_EXPORTER_URL_PATH') ?? '/v1/metrics'
  if (!/^\/[\x21-\x7e]*$/.test(path)) {
    throw settings.wrong(`${prefix}HTTP_EXPORTER_URL_PATH is "${path}", it must begin with a slash and have no blanks`)
  }
  return path
}

function tlsOf(settings: Settings): NonNullable<OpenTelemetryConfig['tls']> {
  const file = (name: string) => {
    const path = settings.text(name)
    return path === undefined ? undefined : settings.read(path, readFileSync)
  }
  const [ca, cert, key] = [file('TLS_CERTIFICATE'), file('TLS_CLIENT_CERTIFICATE'), file('TLS_CLIENT_KEY')]
  if ((cert === undefined) !== (key === undefined)) {
    throw settings.wrong(`${prefix}TLS_CLIENT_CERTIFICATE and ${prefix}TLS_CLIENT_KEY must be given together`)
  }
  return {
    rejectUnauthorized: !settings.flag('TLS_INSECURE_SKIP_VERIFY'),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  }
}

/** Values are percent-encoded, as in W3C Baggage. */
function headersOf(settings: Settings): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of settings.pairs('HEADERS', '=')) {
    settings.setHeader(
      headers,
      name,
      settings.check('HEADERS', () => decodeURIComponent(value)),
    )
  }
  return headers
}

function resourceOf(
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>>,
  version: string,
): Map<string, string> {
  const sdk = new Settings('opentelemetry', 'OTEL_', environment)
  const resource = new Map([
    ['service.name', 'k6'],
    ['service.version', version],
    ['telemetry.sdk.name', 'belljar'],
    ['telemetry.sdk.language', 'nodejs'],
    ['telemetry.sdk.version', version],
  ])
  for (const [name, value] of sdk.pairs('RESOURCE_ATTRIBUTES', '=')) {
    resource.set(
      name,
      sdk.check('RESOURCE_ATTRIBUTES', () => decodeURIComponent(value)),
    )
  }
  const serviceName = settings.text('SERVICE_NAME') ?? sdk.text('SERVICE_NAME')
  if (serviceName !== undefined) resource.set('service.name', serviceName)
  const serviceVersion = settings.text('SERVICE_VERSION')
  if (serviceVersion !== undefined) resource.set('service.version', serviceVersion)
  return resource
}
