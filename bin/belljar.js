#!/usr/bin/env node
import '../dist/belljar.js'
