/**
 * Builds the web app: bundles, gives every file but the page a name with its hash, compresses, and says what it made.
 *
 *   node web/build.mjs [--outdir DIR] [--dev] [--gallery] [--depfile FILE] [--target NAME]
 *
 * In DIR (web/dist): index.html, assets/NAME.HASH.EXT, beside each a .br and .gz where that is smaller, and
 * files.json, the list for embed.mjs and for the budget: [{path, type, etag, immutable, lazy, size, gzip,
 * brotli}].
 * Pages that a call does not need (account, admin) are chunks of their own, loaded when they are opened. Fails when
 * the files of the call together, or the chunks, weigh more than their budget (brotli). --dev: not minified, with
 * source maps, no budget. --gallery: the page of src/ui/dev that shows every screen with invented people, instead of the app.
 * --depfile: a make-style list of what was read, for meson; its target is --target or DIR/files.json.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import esbuild from 'esbuild';

const BUDGET_BYTES = 60 * 1000;
const CHUNKS_BUDGET_BYTES = 40 * 1000;
const here = path.dirname(fileURLToPath(import.meta.url));
const src = path.join(here, 'src');

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

function options() {
  const { values } = parseArgs({
    options: {
      outdir: { type: 'string' },
      dev: { type: 'boolean', default: false },
      gallery: { type: 'boolean', default: false },
      depfile: { type: 'string' },
      target: { type: 'string' },
    },
  });
  const outdir = values.outdir ?? path.join(here, values.gallery ? 'dist/gallery' : 'dist');
  return { ...values, outdir };
}

/** The chunks that `from` loads before it runs, and those that these load. */
function staticImports(metafile, from, found = new Set()) {
  for (const { path: to, kind } of metafile.outputs[from].imports) {
    if (kind !== 'import-statement' || found.has(to)) continue;
    found.add(to);
    staticImports(metafile, to, found);
  }
  return found;
}

/**
 * Bundles script and style; gives Map of plain name ("app.js") to content, the chunks with the names by which they
 * know each other and whether the app loads them at once, and the files read.
 */
async function bundle({ dev, gallery }) {
  const main = gallery ? path.join(src, 'ui/dev/gallery.tsx') : path.join(src, 'main.ts');
  const result = await esbuild.build({
    entryPoints: {
      app: main,
      'app-style': path.join(src, gallery ? 'ui/dev/gallery.css' : 'ui/css/app.css'),
    },
    outdir: '/',
    bundle: true,
    splitting: true,
    chunkNames: '[name].[hash]',
    write: false,
    metafile: true,
    format: 'esm',
    target: ['chrome111', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: !dev,
    sourcemap: dev ? 'inline' : false,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
  });
  const outputs = new Map();
  const chunks = [];
  const key = (file) => path.relative(process.cwd(), file);
  const atOnce = staticImports(result.metafile, key('/app.js'));
  for (const file of result.outputFiles) {
    const name = path.basename(file.path);
    const bytes = Buffer.from(file.contents);
    if (name === 'app.js' || name === 'app-style.css') outputs.set(name.replace('-style', ''), bytes);
    else chunks.push({ name, bytes, atOnce: atOnce.has(key(file.path)) });
  }
  const tools = ['build.mjs', 'embed.mjs'].map((name) => path.join(here, name));
  return {
    outputs,
    chunks,
    inputs: [...tools, ...Object.keys(result.metafile.inputs).map((p) => path.resolve(p))],
  };
}

const hash = (bytes) => createHash('sha256').update(bytes).digest('base64url').replace(/[-_]/g, '');

/** "%name%" in a text becomes the served path of that file. */
function fill(text, served) {
  return text.replace(/%([\w.-]+)%/g, (_, name) => {
    if (!served.has(name)) throw new Error(`no file called ${name}`);
    return served.get(name);
  });
}

function compress(bytes) {
  const smaller = (packed) => (packed.length < bytes.length ? packed : null);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return {
    gzip: smaller(gzipSync(bytes, { level: 9 })),
    brotli: smaller(brotliCompressSync(bytes, { params })),
  };
}

/** Collects the files in the order in which they may name each other. */
async function collect(opts) {
  const { outputs, chunks, inputs } = await bundle(opts);
  const files = [];
  const served = new Map();
  const add = (name, bytes) => {
    const ext = path.extname(name);
    const at = `/assets/${path.basename(name, ext)}.${hash(bytes).slice(0, 10)}${ext}`;
    served.set(name, at);
    files.push({ path: at, bytes, immutable: true });
  };
  const read = (name) => {
    const file = path.join(src, name);
    inputs.push(file);
    return readFileSync(file);
  };
  add('icon.svg', read('ui/icon.svg'));
  add('app.webmanifest', Buffer.from(fill(read('ui/app.webmanifest').toString(), served)));
  for (const [name, bytes] of outputs) add(name, bytes);
  for (const { name, bytes, atOnce } of chunks)
    files.push({ path: `/assets/${name}`, bytes, immutable: true, lazy: !atOnce });
  const preloads = chunks.filter(({ atOnce }) => atOnce).map(({ name }) => `/assets/${name}`);
  served.set('preload', preloads.map((at) => `<link rel="modulepreload" href="${at}">`).join('\n'));
  const page = fill(read('index.html').toString(), served);
  files.push({ path: '/index.html', bytes: Buffer.from(page), immutable: false });
  return { files, inputs };
}

function writeAll(files, outdir) {
  rmSync(path.join(outdir, 'assets'), { recursive: true, force: true });
  mkdirSync(path.join(outdir, 'assets'), { recursive: true });
  return files.map(({ path: at, bytes, immutable, lazy = false }) => {
    const to = path.join(outdir, at);
    const { gzip, brotli } = compress(bytes);
    writeFileSync(to, bytes);
    for (const [packed, suffix] of [
      [gzip, '.gz'],
      [brotli, '.br'],
    ]) {
      if (packed) writeFileSync(to + suffix, packed);
      else rmSync(to + suffix, { force: true });
    }
    const type = types[path.extname(at)];
    const etag = `"${hash(bytes).slice(0, 16)}"`;
    return {
      path: at,
      type,
      etag,
      immutable,
      lazy,
      size: bytes.length,
      gzip: gzip?.length ?? null,
      brotli: brotli?.length ?? null,
    };
  });
}

function writeDepfile({ depfile, target, outdir }, inputs) {
  const quote = (p) => p.replace(/[ #\\]/g, '\\$&').replace(/\$/g, '$$$$');
  const list = [...new Set(inputs)].filter((p) => existsSync(p)).sort();
  writeFileSync(
    depfile,
    `${quote(target ?? path.join(outdir, 'files.json'))}: ${list.map(quote).join(' ')}\n`,
  );
}

function report(listed, dev) {
  const weight = (f) => f.brotli ?? f.size;
  for (const [lazy, budget, what] of [
    [false, BUDGET_BYTES, 'the page'],
    [true, CHUNKS_BUDGET_BYTES, 'what is loaded later'],
  ]) {
    const some = listed.filter((f) => f.lazy === lazy);
    for (const f of some) console.log(`${String(weight(f)).padStart(7)} ${f.path}`);
    const total = some.reduce((sum, f) => sum + weight(f), 0);
    console.log(`${String(total).padStart(7)} bytes with brotli, of ${budget}: ${what}`);
    if (total <= budget || dev) continue;
    console.error(`web/build.mjs: too heavy: ${what}`);
    process.exitCode = 1;
  }
}

const opts = options();
const { files, inputs } = await collect(opts);
const listed = writeAll(files, opts.outdir);
writeFileSync(path.join(opts.outdir, 'files.json'), `${JSON.stringify(listed, null, 2)}\n`);
if (opts.depfile) writeDepfile(opts, inputs);
report(listed, opts.dev || opts.gallery);
