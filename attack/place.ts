/** The folders of one attack, and the token that must never come out of them. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Attack, Place } from './attack.js'
import { healthyFiles } from './healthy.js'

/** Makes the folders and fills them. `remove` takes all of them away. */
export async function makePlace(attack: Attack, secret: string): Promise<Place & { remove(): void }> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'attack-')))
  const place = { folder: join(root, 'script'), output: join(root, 'output'), outside: join(root, 'outside') }
  for (const folder of Object.values(place)) mkdirSync(folder)
  writeFileSync(join(place.outside, 'secret.txt'), `${secret}\n`)
  writeFileSync(join(place.outside, 'secret.js'), `export default '${secret}'\n`)
  const main = attack.mainName ?? 'script.js'
  const files = { ...(attack.script === undefined ? healthyFiles : {}), ...attack.files, [main]: mainModule(attack) }
  for (const [name, content] of Object.entries(files)) {
    const path = join(place.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
  await attack.prepare?.(place)
  return { ...place, remove: () => rmSync(root, { recursive: true, force: true }) }
}

/** The hostile VU's function beside the healthy one's. */
function mainModule({ script, init = '', attack = '' }: Attack): string {
  if (script !== undefined) return script
  const kind = /\bawait\b/.test(attack) ? 'async function' : 'function'
  return `export { healthy } from './healthy.js'\n${init}\nexport ${kind} attack() {\n${attack}\n}\n`
}
