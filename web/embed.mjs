/**
 * Turns what build.mjs made into one C file, so that the binary carries the web app in it.
 *
 *   node web/embed.mjs --from DIR --out assets_data.c
 *
 * DIR is the --outdir of build.mjs. The C file defines assets[] and assets_count as declared in src/app/assets.h;
 * gzip and brotli are NULL where they would not be smaller. The etag is as in the header, quotes included.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const PER_LINE = 24;

const { values } = parseArgs({ options: { from: { type: 'string' }, out: { type: 'string' } } });
if (!values.from || !values.out) {
  console.error('usage: node web/embed.mjs --from DIR --out FILE.c');
  process.exit(2);
}

/** A C string literal; what is not plain ASCII is refused, as no name of ours has it. */
function literal(text) {
  if (!/^[\x20-\x7e]*$/.test(text)) throw new Error(`not plain ASCII: ${text}`);
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function array(name, bytes) {
  const lines = [];
  for (let i = 0; i < bytes.length; i += PER_LINE)
    lines.push(`\t${[...bytes.subarray(i, i + PER_LINE)].join(',')},`);
  return `static const uint8_t ${name}[] = {\n${lines.join('\n')}\n};\n`;
}

const listed = JSON.parse(readFileSync(path.join(values.from, 'files.json'), 'utf8'));
const arrays = [];
const rows = [];
for (const [i, file] of listed.entries()) {
  const at = path.join(values.from, file.path);
  const row = [
    `.path = ${literal(file.path)}`,
    `.type = ${literal(file.type)}`,
    `.etag = ${literal(file.etag)}`,
    `.immutable = ${file.immutable}`,
  ];
  const forms = [
    ['identity', '', file.size],
    ['gzip', '.gz', file.gzip],
    ['brotli', '.br', file.brotli],
  ];
  for (const [form, suffix, size] of forms) {
    if (size === null) continue;
    const bytes = readFileSync(at + suffix);
    if (bytes.length !== size) throw new Error(`${at}${suffix} is not what files.json says; build again`);
    arrays.push(array(`${form}_${i}`, bytes));
    row.push(`.${form} = ${form}_${i}`, `.${form}_len = sizeof ${form}_${i}`);
  }
  rows.push(`\t{\n${row.map((r) => `\t\t${r},\n`).join('')}\t},\n`);
}

writeFileSync(
  values.out,
  `/* The web app, made by web/embed.mjs from web/src. */
#include "app/assets.h"

${arrays.join('\n')}
const struct asset assets[] = {
${rows.join('')}};
const size_t assets_count = sizeof assets / sizeof assets[0];
`,
);
