// Loaded before every test file. Without a message `assert.ok` reads and parses the source to quote the failed expression; under tsx, which puts
// a file on one line, that takes seconds at each failure and blocks the event loop, and inside `eventually` it fails again and again.
// Plain JavaScript, because worker threads inherit the preload and have no tsx.
import assert from 'node:assert/strict'

const original = assert.ok

assert.ok = (value, message) => original(value, message ?? 'expected a true value')
