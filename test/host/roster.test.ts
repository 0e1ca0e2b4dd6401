import assert from 'node:assert/strict'
import { Roster } from '../../host/roster.js'

describe('Roster', () => {
  function rosterOf(names: string) {
    const roster = new Roster<string>()
    const seats = new Map([...names].map((name) => [name, roster.add(name)]))
    return { roster, leave: (name: string) => seats.get(name)?.leave() }
  }

  it('has its members in the order in which they came, without those who left', () => {
    const { roster, leave } = rosterOf('abcde')
    assert.deepEqual(roster.all(), ['a', 'b', 'c', 'd', 'e'])
    for (const [name, rest] of [
      ['c', 'abde'],
      ['a', 'bde'],
      ['e', 'bd'],
      ['b', 'd'],
      ['d', ''],
    ]) {
      leave(name as string)
      assert.deepEqual(roster.all(), [...(rest as string)])
    }
    roster.add('f')
    assert.deepEqual(roster.all(), ['f'])
  })

  it('lets nobody leave twice', () => {
    const { roster, leave } = rosterOf('abc')
    for (const name of ['b', 'b', 'c', 'c']) leave(name)
    roster.add('d')
    leave('c')
    assert.deepEqual(roster.all(), ['a', 'd'])
  })

  it('gives out the first, who has left then', () => {
    const { roster, leave } = rosterOf('ab')
    assert.equal(roster.shift(), 'a')
    leave('a')
    roster.add('c')
    assert.deepEqual([roster.shift(), roster.shift(), roster.shift()], ['b', 'c', undefined])
  })
})
