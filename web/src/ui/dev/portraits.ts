/** Invented people for the gallery: drawn on a canvas, breathing a little, as a MediaStream. */

export interface Look {
  readonly wall: readonly [string, string];
  readonly skin: string;
  readonly hair: string;
  readonly shirt: string;
}

export const looks: readonly Look[] = [
  { wall: ['#d9c3a5', '#8d9f8f'], skin: '#e3ab88', hair: '#4a2f22', shirt: '#27566b' },
  { wall: ['#b9cbd3', '#6c8795'], skin: '#8f5b40', hair: '#1d1512', shirt: '#c9d8c5' },
  { wall: ['#e6d3cd', '#b08c86'], skin: '#f0c6a6', hair: '#a65a2a', shirt: '#3c4a3a' },
  { wall: ['#c7d6bd', '#7f9473'], skin: '#c98d65', hair: '#2b2320', shirt: '#7d4460' },
];

function shape(ctx: CanvasRenderingContext2D, colour: string, draw: () => void): void {
  ctx.fillStyle = colour;
  ctx.beginPath();
  draw();
  ctx.fill();
}

function paint(ctx: CanvasRenderingContext2D, look: Look, seconds: number): void {
  const { width: w, height: h } = ctx.canvas;
  const wall = ctx.createLinearGradient(0, 0, w, h);
  wall.addColorStop(0, look.wall[0]);
  wall.addColorStop(1, look.wall[1]);
  ctx.fillStyle = wall;
  ctx.fillRect(0, 0, w, h);
  shape(ctx, 'rgb(255 255 255 / 0.35)', () => ctx.roundRect(w * 0.07, h * 0.1, w * 0.2, h * 0.42, 8));
  shape(ctx, 'rgb(30 40 35 / 0.18)', () => ctx.roundRect(w * 0.76, h * 0.3, w * 0.16, h * 0.8, 8));
  const x = w / 2 + Math.sin(seconds * 0.7) * w * 0.006;
  const y = h * 0.42 + Math.sin(seconds * 1.1) * h * 0.006;
  const r = h * 0.2;
  shape(ctx, look.hair, () => ctx.ellipse(x, y - r * 0.1, r * 1.1, r * 1.25, 0, 0, 7));
  shape(ctx, look.shirt, () => ctx.roundRect(x - r * 1.9, y + r * 1.5, r * 3.8, r * 4, r * 1.2));
  shape(ctx, look.skin, () => ctx.roundRect(x - r * 0.38, y + r * 0.6, r * 0.76, r * 1.3, r * 0.36));
  shape(ctx, look.skin, () => ctx.ellipse(x, y + r * 0.12, r * 0.86, r * 1.06, 0, 0, 7));
  shape(ctx, look.hair, () => ctx.ellipse(x, y - r * 0.78, r * 0.9, r * 0.46, 0, 0, 7));
  ctx.strokeStyle = '#2b1a14';
  ctx.lineWidth = r * 0.06;
  ctx.lineCap = 'round';
  for (const side of [-1, 1]) {
    shape(ctx, '#2b1a14', () => ctx.arc(x + side * r * 0.34, y + r * 0.05, r * 0.07, 0, 7));
  }
  ctx.beginPath();
  ctx.arc(x, y + r * 0.42, r * 0.3, 0.3, Math.PI - 0.3);
  ctx.stroke();
}

/** A stream of @look in @width by @height. */
export function portrait(look: Look, width = 960, height = 540): MediaStream {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const ctx = canvas.getContext('2d');
  if (!ctx) throw new Error('no canvas');
  const draw = () => paint(ctx, look, performance.now() / 1000);
  draw();
  setInterval(draw, 66);
  return canvas.captureStream(15);
}
