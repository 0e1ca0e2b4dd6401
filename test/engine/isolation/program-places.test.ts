import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { programPlaces } from '../../../engine/isolation/program-places.js'

describe('the places of the program', () => {
  let base: string
  beforeEach(() => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'places-')))
  })
  afterEach(() => rmSync(base, { recursive: true }))

  function addPackage(folder: string, described: object): string {
    const path = join(base, folder)
    mkdirSync(path, { recursive: true })
    writeFileSync(join(path, 'package.json'), JSON.stringify(described))
    return path
  }

  function link(to: string, from: string): string {
    const path = join(base, from)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(to, path, 'junction')
    return path
  }

  it('are the program and the folders of packages above it', () => {
    const root = addPackage('app/node_modules/program', { dependencies: { plain: '1' } })
    addPackage('app/node_modules/plain', {})
    assert.deepEqual(
      programPlaces(root).filter((place) => place.startsWith(base)),
      [join(root, 'package.json'), join(root, 'dist/*'), join(base, 'app/node_modules/*')],
    )
  })

  it('are packages in a store that links lead to, and what these need, however they need each other', () => {
    const root = addPackage('app/node_modules/program', { dependencies: { first: '1', missing: '1' } })
    const first = addPackage('store/first/node_modules/first', { optionalDependencies: { '@scope/second': '1' } })
    const second = addPackage('store/second/node_modules/@scope/second', { peerDependencies: { first: '1' } })
    const links = [
      link(first, 'app/node_modules/first'),
      link(second, 'store/first/node_modules/@scope/second'),
      link(first, 'store/second/node_modules/first'),
    ]
    const places = programPlaces(root)
    for (const folder of [first, second, ...links.slice(1)]) assert.ok(places.includes(join(folder, '*')), folder)
  })
})
