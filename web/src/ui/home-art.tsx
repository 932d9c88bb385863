/** The picture on the home page: two people in a call. Drawn here, coloured by the style sheet. */

export function HomeArt() {
  return (
    <svg class="art" viewBox="0 0 480 400" aria-hidden="true" focusable="false">
      <defs>
        <clipPath id="art-big">
          <rect x="20" y="30" width="400" height="300" rx="36" />
        </clipPath>
        <clipPath id="art-small">
          <rect x="302" y="214" width="158" height="158" rx="28" />
        </clipPath>
      </defs>
      <g clip-path="url(#art-big)">
        <rect class="art-wall" x="20" y="30" width="400" height="300" />
        <circle class="art-sun" cx="350" cy="92" r="34" />
        <path class="art-hill" d="M20 236c70-46 132-40 196-8s130 26 204-22v124H20z" />
        <path class="art-shirt" d="M96 340c4-66 44-98 104-98s100 32 104 98z" />
        <path class="art-neck" d="M180 212h40v38a20 20 0 0 1-40 0z" />
        <circle class="art-face" cx="200" cy="168" r="58" />
        <path
          class="art-hair"
          d="M138 178c-8-56 22-84 66-84 40 0 68 28 58 78-10-14-14-26-16-40-26 16-62 18-86 10-12 8-18 20-22 36z"
        />
        <path class="art-line" d="M178 188c12 12 32 12 44 0" />
        <circle class="art-dot" cx="180" cy="164" r="4.5" />
        <circle class="art-dot" cx="222" cy="164" r="4.5" />
      </g>
      <rect class="art-frame" x="294" y="206" width="174" height="174" rx="36" />
      <g clip-path="url(#art-small)">
        <rect class="art-wall2" x="302" y="214" width="158" height="158" />
        <path class="art-shirt2" d="M322 384c2-42 24-60 60-60s58 18 60 60z" />
        <path class="art-neck2" d="M369 306h26v22a13 13 0 0 1-26 0z" />
        <circle class="art-face2" cx="382" cy="280" r="36" />
        <path
          class="art-hair2"
          d="M344 282c-6-38 12-54 38-54s46 16 38 56c-2-16-8-24-16-30-18 8-42 4-52-2-4 8-6 16-8 30z"
        />
        <path class="art-line" d="M369 293c7 7 19 7 26 0" />
        <circle class="art-dot" cx="370" cy="278" r="3" />
        <circle class="art-dot" cx="394" cy="278" r="3" />
      </g>
      <g class="art-talk">
        <rect class="art-chip" x="44" y="270" width="98" height="40" rx="20" />
        <path class="art-wave" d="M68 285v10M80 279v22M92 283v14M104 277v26M116 286v8" />
      </g>
    </svg>
  );
}
