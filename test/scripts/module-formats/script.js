// ES modules, CommonJS and TypeScript import one another; each file runs once.
import all, { named } from './common.cjs'
import { twice } from './typed.ts'

const data = open('./data.txt').trim()

export default function () {
  console.log(named, all.named, all.again === require('./common.cjs'))
  console.log(twice({ size: 2 }).size)
  console.log(typeof all.ofEsModule.twice, typeof all.sleep)
  console.log(data)
}
