// Types for scripts: those of @types/k6, and on top of them what belljar adds. docs/grpc.md tells how to use them.
/// <reference types="k6" />
import './k6-net-grpc.js'
