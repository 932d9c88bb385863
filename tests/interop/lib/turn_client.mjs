/**
 * A small TURN client over UDP (RFC 8656), for what the others cannot ask for: DONT-FRAGMENT, and reading ICMP from a
 * Data indication. Short-lived and trusting: it is for tests against our own relay.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const COOKIE = 0x2112a442;
export const ATTRIBUTE = {
  USERNAME: 0x0006,
  MESSAGE_INTEGRITY: 0x0008,
  ERROR_CODE: 0x0009,
  LIFETIME: 0x000d,
  XOR_PEER_ADDRESS: 0x0012,
  DATA: 0x0013,
  REALM: 0x0014,
  NONCE: 0x0015,
  REQUESTED_TRANSPORT: 0x0019,
  DONT_FRAGMENT: 0x001a,
  ICMP: 0x8004,
};
const METHOD = { ALLOCATE: 0x003, REFRESH: 0x004, CREATE_PERMISSION: 0x008 };
const SEND_INDICATION = 0x0016;
const DATA_INDICATION = 0x0017;
const SUCCESS = 0x0100;
const PATIENCE_MS = 15_000;

function attribute(type, value) {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc(-value.length & 3)]);
}

function message(type, id, attributes, key) {
  const body = Buffer.concat(attributes);
  const head = Buffer.alloc(20);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(body.length + (key ? 24 : 0), 2);
  head.writeUInt32BE(COOKIE, 4);
  id.copy(head, 8);
  const whole = Buffer.concat([head, body]);
  if (!key) return whole;
  const mac = createHmac('sha1', key).update(whole).digest();
  return Buffer.concat([whole, attribute(ATTRIBUTE.MESSAGE_INTEGRITY, mac)]);
}

function parse(data) {
  const attributes = new Map();
  for (let at = 20; at + 4 <= data.length; ) {
    const n = data.readUInt16BE(at + 2);
    attributes.set(data.readUInt16BE(at), data.subarray(at + 4, at + 4 + n));
    at += 4 + n + (-n & 3);
  }
  return { type: data.readUInt16BE(0), id: data.subarray(8, 20).toString('hex'), attributes };
}

/** IPv4 only. */
function xorAddress(address, port) {
  const out = Buffer.alloc(8);
  out.writeUInt16BE(1, 0);
  out.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
  const four = Buffer.from(address.split('.').map(Number)).readUInt32BE();
  out.writeUInt32BE((four ^ COOKIE) >>> 0, 4);
  return out;
}

export class TurnClient {
  #socket = createSocket('udp4');
  #waiting = new Map();
  #indications = [];
  #wake = () => {};
  #session = [];
  #key;

  constructor(host, port, user, password) {
    Object.assign(this, { host, port, user, password });
    this.#socket.on('message', (data) => {
      const got = parse(data);
      if (got.type === DATA_INDICATION) {
        this.#indications.push(got.attributes);
        this.#wake();
        return;
      }
      this.#waiting.get(got.id)?.(got);
      this.#waiting.delete(got.id);
    });
  }

  async #request(method, attributes) {
    const id = randomBytes(12);
    const whole = message(method, id, [...attributes, ...this.#session], this.#key);
    const answer = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${method}`)), PATIENCE_MS);
      this.#waiting.set(id.toString('hex'), (got) => {
        clearTimeout(timer);
        resolve(got);
      });
    });
    this.#socket.send(whole, this.port, this.host);
    return answer;
  }

  async #demand(method, attributes) {
    const answer = await this.#request(method, attributes);
    if (answer.type === (method | SUCCESS)) return answer;
    const code = answer.attributes.get(ATTRIBUTE.ERROR_CODE);
    const number = code[2] * 100 + code[3];
    throw Object.assign(new Error(`request ${method}: ${number} ${code.subarray(4)}`), { code: number });
  }

  async allocate() {
    this.#socket.bind(0);
    await once(this.#socket, 'listening');
    const udp = attribute(ATTRIBUTE.REQUESTED_TRANSPORT, Buffer.from([17, 0, 0, 0]));
    const challenge = await this.#request(METHOD.ALLOCATE, [udp]);
    const realm = challenge.attributes.get(ATTRIBUTE.REALM);
    this.#key = createHash('md5').update(`${this.user}:${realm}:${this.password}`).digest();
    this.#session = [
      attribute(ATTRIBUTE.USERNAME, Buffer.from(this.user)),
      attribute(ATTRIBUTE.REALM, realm),
      attribute(ATTRIBUTE.NONCE, challenge.attributes.get(ATTRIBUTE.NONCE)),
    ];
    await this.#demand(METHOD.ALLOCATE, [udp]);
  }

  permit(address) {
    return this.#demand(METHOD.CREATE_PERMISSION, [
      attribute(ATTRIBUTE.XOR_PEER_ADDRESS, xorAddress(address, 0)),
    ]);
  }

  send(address, port, data, { dontFragment = false } = {}) {
    const attributes = [
      attribute(ATTRIBUTE.XOR_PEER_ADDRESS, xorAddress(address, port)),
      ...(dontFragment ? [attribute(ATTRIBUTE.DONT_FRAGMENT, Buffer.alloc(0))] : []),
      attribute(ATTRIBUTE.DATA, data),
    ];
    this.#socket.send(message(SEND_INDICATION, randomBytes(12), attributes), this.port, this.host);
  }

  /** The next Data indication: its data, or what ICMP said, and whom it is about. */
  async indication() {
    while (this.#indications.length === 0) {
      await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('no indication came')), PATIENCE_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const got = this.#indications.shift();
    const icmp = got.get(ATTRIBUTE.ICMP);
    const peer = got.get(ATTRIBUTE.XOR_PEER_ADDRESS);
    const four = (peer.readUInt32BE(4) ^ COOKIE) >>> 0;
    return {
      peer: [24, 16, 8, 0].map((shift) => (four >>> shift) & 255).join('.'),
      port: peer.readUInt16BE(2) ^ (COOKIE >>> 16),
      length: got.get(ATTRIBUTE.DATA)?.length,
      // RFC 8656 section 18.13: two reserved bytes, seven bits of type, nine of code, four bytes of data.
      icmp: icmp && {
        type: icmp.readUInt16BE(2) >> 9,
        code: icmp.readUInt16BE(2) & 511,
        data: icmp.readUInt32BE(4),
      },
    };
  }

  async end() {
    await this.#demand(METHOD.REFRESH, [attribute(ATTRIBUTE.LIFETIME, Buffer.alloc(4))]);
    this.close();
  }

  /** Without a word to the relay. */
  close() {
    this.#socket.close();
  }
}
