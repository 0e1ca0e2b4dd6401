#!/usr/bin/env node
require('../dist/belljar.cjs')
