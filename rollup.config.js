// The bundles from what tsc wrote to build/: the guest modules, which each VM evaluates; the command, the library, the thread
// and the process of a run; and the page of HTML reports. And the engine's program.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { packageBundle } from './rollup.packages.js'

/** Every guest module of build/modules/k6 becomes an entry named as scripts import it, and so does every part (internal/part.ts). */
function guestEntries(folder = 'build/modules', found = {}) {
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const file = join(folder, item.name)
    if (item.isDirectory()) {
      guestEntries(file, found)
    } else if (item.name.endsWith('.js')) {
      for (const [, part] of readFileSync(file, 'utf8').matchAll(/\bpart\('(.+?)'\)/g)) {
        found[`internal/${part}`] = `build/modules/internal/${part}.js`
      }
      const name = relative('build/modules', file).slice(0, -3)
      if (!name.startsWith('internal/')) found[name.replace(/\/index$/, '')] = file
    }
  }
  return found
}

/**
 * What runs in Node.js, by name. Each is one file but for what it loads on demand: a chunk that two share is one more to open.
 * What is not imported by programs of others is CommonJS, which Node.js starts faster: it needs no loader of its own for that.
 */
const programs = [
  ['belljar', 'build/cli/start.js', 'cjs'],
  ['thread', 'build/engine/thread-start.js', 'cjs'],
  ['child', 'build/engine/isolation/child-main.js', 'cjs'],
  ['index', 'build/index.js', 'es'],
]

const extensions = { cjs: 'cjs', es: 'js' }

const ownUrl = {
  name: 'own-url',
  resolveImportMeta: (property, { format }) =>
    property === 'url' && format === 'cjs' ? "require('node:url').pathToFileURL(__filename).href" : null,
}

/** As it is compiled. Changing it takes longer than reading it. */
const engine = {
  name: 'engine',
  async generateBundle() {
    const { engineProgram } = await import('./build/runtime/engine-program.js')
    this.emitFile({ type: 'asset', fileName: 'engine.wasm', source: engineProgram() })
  },
}

/** The declarations of the library: those that index.d.ts names, and what they name in turn. */
function declarations(file = 'build/index.d.ts', found = new Map()) {
  if (found.has(file)) return found
  const text = readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '')
  found.set(file, text)
  for (const [, path] of text.matchAll(/\bfrom '(\..+?)\.js'/g))
    declarations(join(dirname(file), `${path}.d.ts`), found)
  return found
}
const shipDeclarations = {
  name: 'declarations',
  generateBundle() {
    for (const [file, source] of declarations()) {
      this.emitFile({ type: 'asset', fileName: join('types', relative('build', file)), source })
    }
  },
}

/** Packages of many files that many runs need. The others are loaded as they are. */
const bundledPackages = ['protobufjs']
const bundleOf = (name) => `packages/${name}.cjs`
const packages = {
  name: 'packages',
  resolveId: (name) =>
    // They are asked for in chunks only, all of which lie in folders of the same depth.
    bundledPackages.includes(name) ? { id: `../../${bundleOf(name)}`, external: true } : null,
}
const shipPackages = {
  name: 'ship-packages',
  generateBundle() {
    for (const name of bundledPackages) {
      this.emitFile({ type: 'asset', fileName: bundleOf(name), source: packageBundle(name) })
    }
  },
}

/** Beside what all programs need: what they load is put beside one of them. */
const ownPlugins = {
  index: [shipDeclarations],
  belljar: [ownUrl],
  thread: [ownUrl, engine, shipPackages],
  child: [ownUrl],
}

const programBundle = ([name, file, format]) => ({
  input: { [name]: file },
  external: (id) =>
    !bundledPackages.includes(id) && !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('build/'),
  // A module of Node.js of which nothing is used takes time all the same.
  treeshake: { moduleSideEffects: 'no-external' },
  plugins: [packages, ...ownPlugins[name]],
  output: {
    dir: 'dist',
    format,
    // The default export of a package is what it exports, as for Node.js.
    interop: 'default',
    entryFileNames: `[name].${extensions[format]}`,
    chunkFileNames: `chunks/${name}/[name].${extensions[format]}`,
    hoistTransitiveImports: false,
  },
})

/** The library that draws the charts goes into the page as it was published, with its licence. */
const uplot = (file) => readFileSync(join('node_modules/uplot', file), 'utf8')
const reportStyle = {
  name: 'report-style',
  generateBundle() {
    const source = uplot('dist/uPlot.min.css') + readFileSync('report/html/app/style.css', 'utf8')
    this.emitFile({ type: 'asset', fileName: 'app.css', source })
  },
}

/** Without comments and indentation: each VM keeps the text of the functions that it has. Line ends stay, as they may end statements. */
const compact = {
  name: 'compact',
  renderChunk(code, { fileName }) {
    const file = ts.createSourceFile(fileName, code, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS)
    let text = ''
    let end = 0
    const visit = (node) => {
      if (ts.isJSDoc(node)) return
      const children = node.getChildren(file)
      if (children.length > 0) return children.forEach(visit)
      const token = node.getText(file)
      if (token === '') return
      const between = code.slice(end, node.getStart(file))
      text += between.includes('\n') ? '\n' : between === '' ? '' : ' '
      text += token
      end = node.getEnd()
    }
    visit(file)
    return { code: `${text.trimStart()}\n`, map: null }
  },
}

export default [
  {
    input: guestEntries(),
    plugins: [compact],
    // Rollup takes an endless loop for dead code; the bridge has one that waits for the engine's interrupt.
    treeshake: false,
    output: { dir: 'dist/guest', format: 'es', entryFileNames: '[name].js', chunkFileNames: 'internal/[name].js' },
  },
  ...programs.filter(([, file]) => existsSync(file)).map(programBundle),
  {
    input: 'build/report/html/app/main.js',
    external: ['uplot'],
    plugins: [reportStyle],
    output: {
      file: 'dist/report/app.js',
      format: 'iife',
      globals: { uplot: 'uPlot' },
      banner: () => `/*\n${uplot('LICENSE')}*/\n${uplot('dist/uPlot.iife.min.js')}`,
    },
  },
]
