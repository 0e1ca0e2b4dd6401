import assert from 'node:assert/strict'
import { Handles } from '../../host/handles.js'

describe('Handles', () => {
  it('knows a thing by its number until it is freed, and uses no number twice', () => {
    const handles = new Handles<string>('things', 2)
    const one = handles.add('one')
    const two = handles.add('two')
    assert.equal(handles.get(one), 'one')
    handles.delete(one)
    const three = handles.add('three')
    assert.deepEqual([handles.get(two), handles.get(three)], ['two', 'three'])
    for (const wrong of [one, 0, 99, 1.5, '2', undefined, null, {}]) {
      assert.throws(() => handles.get(wrong), { guestName: 'TypeError', message: 'there are no such things' })
    }
  })

  it('has room for so many at a time', () => {
    const handles = new Handles<number>('things', 3)
    const ids = [1, 2, 3].map((n) => handles.add(n))
    assert.throws(() => handles.add(4), { guestName: 'GoError', message: 'a VU may have 3 things at a time' })
    handles.delete(ids[1])
    assert.equal(handles.get(handles.add(5)), 5)
  })
})
