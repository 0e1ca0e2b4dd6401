import assert from 'node:assert/strict'
import { select } from '../../../modules/internal/json-path.js'

// The document and the rows are those of GJSON's own description of its syntax.
const document = {
  name: { first: 'Tom', last: 'Anderson' },
  age: 37,
  children: ['Sara', 'Alex', 'Jack'],
  'fav.movie': 'Deer Hunter',
  friends: [
    { first: 'Dale', last: 'Murphy', age: 44, nets: ['ig', 'fb', 'tw'] },
    { first: 'Roger', last: 'Craig', age: 68, nets: ['fb', 'tw'] },
    { first: 'Jane', last: 'Murphy', age: 47, nets: ['ig', 'tw'] },
  ],
}

describe('selectors of response.json()', () => {
  const found: [selector: string, value: unknown][] = [
    ['name.last', 'Anderson'],
    ['name.first', 'Tom'],
    ['age', 37],
    ['children', ['Sara', 'Alex', 'Jack']],
    ['children.0', 'Sara'],
    ['children.1', 'Alex'],
    ['friends.1', document.friends[1]],
    ['friends.1.first', 'Roger'],
    ['child*.2', 'Jack'],
    ['c?ildren.0', 'Sara'],
    ['fav\\.movie', 'Deer Hunter'],
    ['friends.#', 3],
    ['friends.#.age', [44, 68, 47]],
    ['friends.#(last=="Murphy").first', 'Dale'],
    ['friends.#(last=="Murphy")#.first', ['Dale', 'Jane']],
    ['friends.#(age>45)#.last', ['Craig', 'Murphy']],
    ['friends.#(age<=44).first', 'Dale'],
    ['friends.#(first%"D*").last', 'Murphy'],
    ['friends.#(first!%"D*").last', 'Craig'],
    ['friends.#(last!="Murphy").first', 'Roger'],
    ['children.#(!="Sara")', 'Alex'],
    ['children.#(%"*a*")#', ['Sara', 'Jack']],
    ['friends.#(nets.0=="fb").first', 'Roger'],
    ['friends.#(nets)#.age', [44, 68, 47]],
    ['nothing.here', undefined],
    ['children.9', undefined],
    ['children.length', undefined],
    ['name.toString', undefined],
    ['__proto__.x', undefined],
    ['age.0', undefined],
  ]
  for (const [selector, value] of found) {
    it(`${selector} is ${JSON.stringify(value)}`, () => assert.deepEqual(select(document, selector), value))
  }

  it('refuse by name what of GJSON is not there', () => {
    const refused: [selector: string, what: RegExp][] = [
      ['children|0', /a pipe/],
      ['@reverse', /a modifier/],
      ['children.@reverse', /a modifier/],
      ['{name.first,age}', /a multipath/],
      ['[age]', /a multipath/],
      ['!"literal"', /a literal/],
      ['..#', /a leading dot/],
      ['friends.#(nets.#(=="fb"))#', /a query inside a query/],
      ['friends.#(last=="Murphy"', /a query without an end/],
      ['friends.', /a dot at its end/],
      ['friends.#(nets==~true)', /a comparison with ~/],
      ['a.'.repeat(200), /more than 100 parts/],
    ]
    for (const [selector, what] of refused) assert.throws(() => select(document, selector), what)
  })

  it('take no long time for wildcards that hardly fit', () => {
    const key = 'a'.repeat(2000)
    assert.equal(select({ [key]: 1 }, `${'*a'.repeat(200)}*b`), undefined)
    assert.equal(select({ [key]: 1 }, `${'*a'.repeat(200)}*`), 1)
  })
})
