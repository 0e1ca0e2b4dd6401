/** The first lines of a thread of VUs: before anything else is loaded, text can no longer become code in it. */
import { forbidCodeGeneration } from '../runtime/code-generation.js'

forbidCodeGeneration()
void import('./thread-main.js')
