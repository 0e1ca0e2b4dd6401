/**
 * The settings of the output `experimental-prometheus-rw`: k6's variables K6_PROMETHEUS_RW_*. Reads files with certificates,
 * opens nothing else.
 */
import { readFileSync } from 'node:fs'
import { trendStat } from '../../../metrics/trend-stats.js'
import { Settings } from '../settings.js'

/** Settings, complete. */
export interface PrometheusConfig {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Labels that every series gets unless it has one of that name. */
  readonly labels: readonly (readonly [string, string])[]
  readonly pushIntervalMs: number
  readonly trendStats: readonly string[]
  readonly hasStaleMarkers: boolean
  readonly tls: { minVersion: 'TLSv1.2' | 'TLSv1.3'; rejectUnauthorized: boolean; cert?: string; key?: string }
}

const prefix = 'K6_PROMETHEUS_RW_'

/**
 * @param argument what stood behind the `=` of --out: the URL, which goes before the variable
 * @throws {AppError} `USAGE` for what is wrong, `NOT_SUPPORTED` for what is not there
 */
export function prometheusConfig(
  type: string,
  argument: string,
  environment: Readonly<Record<string, string | undefined>>,
): PrometheusConfig {
  const settings = new Settings(type, prefix, environment)
  if (settings.flag('TREND_AS_NATIVE_HISTOGRAM')) {
    throw settings.notSupported('TREND_AS_NATIVE_HISTOGRAM', 'native histograms are', `use ${prefix}TREND_STATS`)
  }
  for (const name of ['SIGV4_REGION', 'SIGV4_ACCESS_KEY', 'SIGV4_SECRET_KEY']) {
    if (settings.text(name)) {
      throw settings.notSupported(
        name,
        'signing requests for AWS is',
        `send to a collector that signs, or leave it out`,
      )
    }
  }
  const [cert, key] = [settings.text('CLIENT_CERTIFICATE'), settings.text('CLIENT_CERTIFICATE_KEY')]
  if ((cert === undefined) !== (key === undefined)) {
    throw settings.wrong(`${prefix}CLIENT_CERTIFICATE and ${prefix}CLIENT_CERTIFICATE_KEY must be given together`)
  }
  return {
    url: serverUrl(settings, argument),
    headers: headersOf(settings, environment),
    labels: labelsOf(settings),
    pushIntervalMs: settings.durationMs('PUSH_INTERVAL', '5s'),
    trendStats: trendStatsOf(settings),
    hasStaleMarkers: settings.flag('STALE_MARKERS'),
    tls: {
      minVersion: minVersion(settings),
      rejectUnauthorized: !settings.flag('INSECURE_SKIP_TLS_VERIFY'),
      ...(cert === undefined || key === undefined
        ? {}
        : { cert: settings.read(cert, readFileSync), key: settings.read(key, readFileSync) }),
    },
  }
}

function serverUrl(settings: Settings, argument: string): URL {
  const text = argument || (settings.text('SERVER_URL') ?? 'http://localhost:9090/api/v1/write')
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw settings.wrong(
      `"${text}" is no URL of a remote write endpoint`,
      `${prefix}SERVER_URL=http://HOST:PORT/api/v1/write`,
    )
  }
  return url
}

function headersOf(settings: Settings, environment: Readonly<Record<string, string | undefined>>) {
  const headers: Record<string, string> = {}
  const [user, password] = [settings.text('USERNAME'), settings.text('PASSWORD')]
  if (user !== undefined || password !== undefined) {
    headers.authorization = `Basic ${Buffer.from(`${user ?? ''}:${password ?? ''}`).toString('base64')}`
  }
  const token = settings.text('BEARER_TOKEN')
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  for (const [name, value] of settings.pairs('HTTP_HEADERS', ':')) settings.setHeader(headers, name, value)
  const headerPrefix = `${prefix}HEADERS_`
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(headerPrefix) || value === undefined) continue
    settings.setHeader(headers, name.slice(headerPrefix.length), value)
  }
  return headers
}

/** As in k6, labels without a name or a value, and `__name__`, do not count. */
function labelsOf(settings: Settings): [string, string][] {
  return settings.pairs('LABELS', '=').filter(([name, value]) => name !== '' && value !== '' && name !== '__name__')
}

function trendStatsOf(settings: Settings): string[] {
  const names = (settings.text('TREND_STATS') ?? 'p(99)').split(',').map((name) => name.trim())
  for (const name of names) if (name !== 'sum') settings.check('TREND_STATS', () => trendStat(name))
  return names
}

function minVersion(settings: Settings): 'TLSv1.2' | 'TLSv1.3' {
  const version = settings.text('TLS_MINIMUM_VERSION') ?? '1.3'
  if (version !== '1.2' && version !== '1.3') {
    throw settings.wrong(`${prefix}TLS_MINIMUM_VERSION is "${version}", it can be 1.2 or 1.3`)
  }
  return `TLSv${version}`
}
