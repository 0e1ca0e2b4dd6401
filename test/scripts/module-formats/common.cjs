console.log('common runs')
exports.named = 'named'
exports.again = exports
exports.ofEsModule = require('./typed.ts')
exports.sleep = require('k6').sleep
