/** The frame of every page but the call: brand on top, content in the middle. */
import type { ComponentChildren } from 'preact';
import { Brand } from '../brand';
import { useActions } from '../context';
import { text } from '../text';

export function Page({
  name,
  testid,
  children,
}: {
  name: string;
  testid?: string;
  children: ComponentChildren;
}) {
  const actions = useActions();
  return (
    <div class={`page page-${name}`} data-testid={testid}>
      <header class="top">
        {name === 'home' ? (
          <Brand />
        ) : (
          <button
            type="button"
            class="top-home"
            title={text.prejoin.back}
            aria-label={text.prejoin.back}
            onClick={() => actions.goHome()}
          >
            <Brand />
          </button>
        )}
      </header>
      <main class="main">{children}</main>
    </div>
  );
}
