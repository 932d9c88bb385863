/** The icons, drawn for Parley on a 24-unit grid with 2-unit round strokes. They are decoration: labels are text. */
import type { ComponentChildren } from 'preact';

const strokes = {
  mic: 'M9 6a3 3 0 0 1 6 0v5a3 3 0 0 1-6 0zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21M9 21h6',
  micOff:
    'M15 10.5V6a3 3 0 0 0-5.7-1.3M9 9.5V11a3 3 0 0 0 4.4 2.6M18.5 11a6.4 6.4 0 0 1-1 3.4M15 16.8A6.5 6.5 0 0 1 5.5 11M12 17.5V21M9 21h6M4 3.5l16 17',
  cam: 'M5.5 6.5h7a2.5 2.5 0 0 1 2.5 2.5v6a2.5 2.5 0 0 1-2.5 2.5h-7A2.5 2.5 0 0 1 3 15V9a2.5 2.5 0 0 1 2.5-2.5zM15 11l4.4-3a1 1 0 0 1 1.6.8v6.4a1 1 0 0 1-1.6.8L15 13',
  camOff:
    'M10.5 6.5h2A2.5 2.5 0 0 1 15 9v2l4.4-3a1 1 0 0 1 1.6.8v6.4a1 1 0 0 1-1.2.9M15 14.8v.2a2.5 2.5 0 0 1-2.5 2.5h-7A2.5 2.5 0 0 1 3 15V9a2.5 2.5 0 0 1 2.5-2.5h.8M4 3.5l16 17',
  person: 'M12 11.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.6-3.9 3.5-6 7.5-6s6.9 2.1 7.5 6',
  people:
    'M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.5c.4-3.3 3-5.5 6.5-5.5s6.1 2.2 6.5 5.5M16 5a3.3 3.3 0 0 1 0 6.2M18 14.4c2 .7 3.3 2.6 3.5 5.1',
  link: 'M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7L12 6.3M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7L12 17.7',
  share:
    'M12 14.5V3.5M8 7l4-3.5L16 7M6 11.5H5.5A1.5 1.5 0 0 0 4 13v6a1.5 1.5 0 0 0 1.5 1.5h13A1.5 1.5 0 0 0 20 19v-6a1.5 1.5 0 0 0-1.5-1.5H18',
  sliders:
    'M4 7h9M17.5 7H20M4 17h2.5M11 17h9M15.25 9.25a2.25 2.25 0 1 0 0-4.5 2.25 2.25 0 0 0 0 4.5zM8.75 19.25a2.25 2.25 0 1 0 0-4.5 2.25 2.25 0 0 0 0 4.5z',
  close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M6.5 11h11A1.5 1.5 0 0 1 19 12.5v6a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18.5v-6A1.5 1.5 0 0 1 6.5 11zM12 14.5v2',
  door: 'M3 20.5h18M6 20.5v-15A2 2 0 0 1 8 3.5h8a2 2 0 0 1 2 2v15M14.5 12v.5',
  leaf: 'M5 19c0-9 5-14 15-14.5C20 14 15.5 19 9.5 19c-1.6 0-3-.5-4-1.5M9 14.5c-2 1.5-3.5 3.5-4 6',
  plus: 'M12 5v14M5 12h14',
  arrow: 'M5 12h14M13 6l6 6-6 6',
  back: 'M19 12H5M11 6l-6 6 6 6',
  chevron: 'M7 10l5 5 5-5',
  speaker: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11',
  warn: 'M12 4.5l8.5 15h-17zM12 10v4M12 16.8v.1',
  info: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 11.5V16M12 8v.1',
  keyboard:
    'M4.5 6.5h15A1.5 1.5 0 0 1 21 8v8a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 16V8a1.5 1.5 0 0 1 1.5-1.5zM7 10.5v.1M10.3 10.5v.1M13.7 10.5v.1M17 10.5v.1M8.5 14h7',
  key: 'M8 16.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM11.8 11.5H21v3.5M17 11.5V14',
  mail: 'M5 5.5h14A1.5 1.5 0 0 1 20.5 7v10a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 17V7A1.5 1.5 0 0 1 5 5.5zM4 7l8 6 8-6',
  shield: 'M12 3.5l7 2.5v5.5c0 4.3-2.8 7.4-7 9-4.2-1.6-7-4.7-7-9V6zM9 11.8l2.2 2.2 3.9-4',
  device: 'M5.5 5.5h13A1.5 1.5 0 0 1 20 7v8.5H4V7a1.5 1.5 0 0 1 1.5-1.5zM2.5 18.5h19',
  code: 'M9 8l-4.5 4L9 16M15 8l4.5 4L15 16',
  download: 'M12 4v11M8 11.5l4 4 4-4M5 19.5h14',
  signout: 'M13.5 4H7a1.5 1.5 0 0 0-1.5 1.5v13A1.5 1.5 0 0 0 7 20h6.5M10.5 12H21M17 8l4 4-4 4',
  more: 'M5 11.4a.6.6 0 1 0 0 1.2.6.6 0 0 0 0-1.2zM12 11.4a.6.6 0 1 0 0 1.2.6.6 0 0 0 0-1.2zM19 11.4a.6.6 0 1 0 0 1.2.6.6 0 0 0 0-1.2z',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L20 20',
  list: 'M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5h.1M4.5 12h.1M4.5 17.5h.1',
  wave: 'M4 10v4M8 7v10M12 4v16M16 8v8M20 10.5v3',
} as const;

export type IconName = keyof typeof strokes | 'hangup';

function Svg({ size, children }: { size: number; children: ComponentChildren }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

export function Icon({ name, size = 24 }: { name: IconName; size?: number }) {
  if (name === 'hangup') {
    return (
      <Svg size={size}>
        <path
          fill="currentColor"
          d="M12 8.3c-3.6 0-6.9 1.1-9.2 3.1a1.7 1.7 0 0 0-.2 2.4l1.5 1.9c.5.7 1.4.9 2.2.6l2.3-.9c.7-.3 1.1-.9 1.1-1.6v-1.6a11 11 0 0 1 4.6 0v1.6c0 .7.4 1.3 1.1 1.6l2.3.9c.8.3 1.7.1 2.2-.6l1.5-1.9a1.7 1.7 0 0 0-.2-2.4c-2.3-2-5.6-3.1-9.2-3.1z"
        />
      </Svg>
    );
  }
  return (
    <Svg size={size}>
      <path
        d={strokes[name]}
        stroke="currentColor"
        stroke-width="2"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </Svg>
  );
}
