/**
 * Stand-ins for two people in front of a camera, for pictures of a call: drawn on a canvas in a browser, written as
 * the uncompressed video (YUV4MPEG2) that Chromium takes for a camera.
 */
import { writeFileSync } from 'node:fs';

const WIDTH = 1280;
const HEIGHT = 720;

/** Draws one person; runs in the page. @returns {number[]} RGBA */
function draw({ width, height, wall, light, skin, hair, shirt }) {
  const canvas = new OffscreenCanvas(width, height);
  const c = canvas.getContext('2d');
  const glow = c.createRadialGradient(width * 0.25, height * 0.2, 50, width * 0.4, height * 0.4, width * 0.8);
  glow.addColorStop(0, light);
  glow.addColorStop(1, wall);
  c.fillStyle = glow;
  c.fillRect(0, 0, width, height);
  const x = width / 2;
  const disc = (cx, cy, rx, ry, colour) => {
    c.fillStyle = colour;
    c.beginPath();
    c.ellipse(cx, cy, rx, ry, 0, 0, 2 * Math.PI);
    c.fill();
  };
  disc(x, height * 0.33, 172, 180, hair);
  c.fillStyle = skin;
  c.fillRect(x - 55, height * 0.55, 110, 150);
  disc(x, height * 1.12, width * 0.27, height * 0.44, shirt);
  disc(x, height * 0.69, 56, 34, skin);
  disc(x, height * 0.42, 138, 172, skin);
  c.fillStyle = hair;
  c.beginPath();
  c.ellipse(x, height * 0.27, 150, 92, 0, Math.PI, 2 * Math.PI);
  c.fill();
  for (const side of [-1, 1]) disc(x + side * 52, height * 0.42, 11, 14, '#26201d');
  c.strokeStyle = '#8b3f36';
  c.lineWidth = 9;
  c.lineCap = 'round';
  c.beginPath();
  c.arc(x, height * 0.49, 48, 0.2 * Math.PI, 0.8 * Math.PI);
  c.stroke();
  let text = '';
  const { data } = c.getImageData(0, 0, width, height);
  for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
  return btoa(text);
}

/** One frame in planar 4:2:0, BT.601 limited range. */
function toYuv(rgba) {
  const y = Buffer.alloc(WIDTH * HEIGHT);
  const u = Buffer.alloc((WIDTH * HEIGHT) / 4);
  const v = Buffer.alloc((WIDTH * HEIGHT) / 4);
  for (let row = 0; row < HEIGHT; row++) {
    for (let column = 0; column < WIDTH; column++) {
      const at = row * WIDTH + column;
      const [r, g, b] = [rgba[at * 4], rgba[at * 4 + 1], rgba[at * 4 + 2]];
      y[at] = 16 + 0.257 * r + 0.504 * g + 0.098 * b;
      if (row % 2 || column % 2) continue;
      const half = (row / 2) * (WIDTH / 2) + column / 2;
      u[half] = 128 - 0.148 * r - 0.291 * g + 0.439 * b;
      v[half] = 128 + 0.439 * r - 0.368 * g - 0.071 * b;
    }
  }
  return Buffer.concat([y, u, v]);
}

const people = [
  { wall: '#2f5d57', light: '#9fd3c2', skin: '#eab898', hair: '#3b2722', shirt: '#d9694c' },
  { wall: '#5b4a6b', light: '#e7c9a9', skin: '#8f5c44', hair: '#1d1513', shirt: '#e0a63c' },
];

/** Write a camera's file for person 0 or 1. @param page any page of a browser */
export async function writePortrait(page, who, path) {
  const base64 = await page.evaluate(draw, { width: WIDTH, height: HEIGHT, ...people[who] });
  const frame = toYuv(Buffer.from(base64, 'base64'));
  const head = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F15:1 Ip A1:1 C420jpeg\n`);
  const frames = Array.from({ length: 3 }, () => [Buffer.from('FRAME\n'), frame]).flat();
  writeFileSync(path, Buffer.concat([head, ...frames]));
}
