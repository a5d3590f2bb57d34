// SPDX-License-Identifier: Apache-2.0
// Reads Parquet files with hyparquet, a reader that is not ours, and prints their rows as NDJSON.
// Whole numbers are exact (also beyond 2^53), times are microseconds, byte arrays without a text
// type are hexadecimal, JSON columns are texts. A text that is not UTF-8 is an error.
//
//   node read.mjs FILE.parquet…           rows
//   node read.mjs --schema FILE.parquet   names and types of the leaf columns
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const hex = bytes => Buffer.from(bytes).toString('hex')
const text = bytes => bytes && utf8.decode(bytes)
const dashes = h => h.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
const parsers = {
  stringFromBytes: text,
  jsonFromBytes: text,
  uuidFromBytes: bytes => bytes && dashes(hex(bytes)),
  timestampFromMicroseconds: micros => micros,
  timestampFromMilliseconds: () => { throw new Error('times are to be microseconds') },
  timestampFromNanoseconds: () => { throw new Error('times are to be microseconds') },
}

function json(value) {
  if (value === undefined || value === null) return 'null'
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return JSON.stringify(hex(value))
  if (Array.isArray(value)) return '[' + value.map(json).join(',') + ']'
  if (typeof value === 'object')
    return '{' + Object.entries(value).map(([k, v]) => JSON.stringify(k) + ':' + json(v)).join(',') + '}'
  return JSON.stringify(value)
}

async function printRows(path) {
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file)
  let start = 0
  for (const group of metadata.row_groups) {
    const end = start + Number(group.num_rows)
    const rows = await parquetReadObjects({ file, metadata, compressors, parsers, rowStart: start, rowEnd: end })
    let out = ''
    for (const row of rows) {
      out += json(row) + '\n'
      if (out.length > 1 << 20) {
        if (!process.stdout.write(out)) await new Promise(done => process.stdout.once('drain', done))
        out = ''
      }
    }
    process.stdout.write(out)
    start = end
  }
}

async function printSchema(path) {
  const metadata = await parquetMetadataAsync(await asyncBufferFromFile(path))
  for (const e of metadata.schema) {
    const { logical_type: logical } = e
    console.log(JSON.stringify({ name: e.name, type: e.type, repetition: e.repetition_type,
      logical: logical?.type, unit: logical?.unit, utc: logical?.isAdjustedToUTC,
      length: e.type_length, children: e.num_children }))
  }
}

process.stdout.on('error', error => process.exit(error.code === 'EPIPE' ? 0 : 1)) // `| head`
const args = process.argv.slice(2)
const schema = args[0] === '--schema'
if (schema) args.shift()
if (args.length === 0) {
  console.error('usage: node read.mjs [--schema] FILE.parquet…')
  process.exit(2)
}
for (const path of args) {
  try {
    await (schema ? printSchema(path) : printRows(path))
  } catch (error) {
    console.error(`${path}: ${error.message}`)
    process.exit(1)
  }
}
