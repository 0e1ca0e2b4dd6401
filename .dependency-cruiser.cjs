// The import arrows of the house: who may import whom. `npm run check` fails on the first arrow that points up, or on a cycle.
const below = {
  go: ['go'],
  policy: ['policy', 'errors', 'root'],
  metrics: ['metrics', 'go', 'errors', 'root'],
  script: ['script', 'policy', 'errors', 'root'],
  runtime: ['runtime', 'policy', 'errors', 'root'],
  host: ['host', 'runtime', 'policy', 'metrics', 'go', 'errors', 'root'],
  report: ['report', 'metrics', 'go', 'errors', 'root'],
  engine: ['engine', 'host', 'runtime', 'script', 'policy', 'metrics', 'report', 'go', 'errors', 'root'],
  api: ['api', 'engine', 'report', 'metrics', 'policy', 'errors'],
  index: ['api', 'engine', 'policy', 'errors'],
  cli: ['cli', 'engine', 'report', 'metrics', 'script', 'policy', 'go', 'errors', 'root'],
}
const files = { errors: '^errors\\.ts$', root: '^package-root\\.ts$', index: '^index\\.ts$' }
const path = (name) => files[name] ?? `^${name}/`

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(below).map(([from, allowed]) => ({
      name: `${from}-imports-only-what-is-below`,
      severity: 'error',
      from: { path: path(from) },
      to: { pathNot: ['^node_modules/', ...allowed.map(path)], dependencyTypes: ['local'] },
    })),
    {
      name: 'modules-import-only-modules-and-host-types',
      severity: 'error',
      from: { path: '^modules/' },
      to: { pathNot: '^modules/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'quickjs-only-in-runtime',
      severity: 'error',
      from: { pathNot: '^(runtime|test|bench)/' },
      to: { path: 'node_modules/(quickjs-emscripten|@jitl)' },
    },
    {
      // report/outputs/net dials what the operator names on the command line, never what a script does.
      name: 'grpc-js-only-in-host-and-outputs',
      severity: 'error',
      from: { pathNot: '^(host|test|bench|examples)/|^report/outputs/net/grpc-unary\\.ts$' },
      to: { path: 'node_modules/@grpc' },
    },
    {
      name: 'sockets-only-in-host-outputs-and-rest-api',
      severity: 'error',
      // The process of a run has a stream to its parent, which is a socket for Node.js.
      from: {
        pathNot:
          '^(host|cli/rest-api|attack|test|bench|examples)/|^report/outputs/net/http-post\\.ts$|^engine/isolation/child-main\\.ts$',
      },
      to: { path: '^(node:)?(net|tls|http|http2|https|dns|dgram)$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-child-processes-below-cli',
      severity: 'error',
      from: { path: '^(policy|metrics|script|runtime|host|report|modules)/' },
      to: { path: '^(node:)?child_process$' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(build|dist)/' },
  },
}
