/** The frame of every page but the call: brand and who is signed in on top, content in the middle. */
import type { ComponentChildren } from 'preact';
import type { Page as PageName } from '../../state/types';
import { Brand } from '../brand';
import { useActions, useAppState } from '../context';
import { text } from '../text';
import { Who } from './who';

/** On the way into a call nothing leads away from it. */
const WITHOUT_WHO: ReadonlySet<PageName> = new Set(['prejoin', 'waiting', 'call']);

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
  const { page } = useAppState();
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
        {!WITHOUT_WHO.has(page) && <Who />}
      </header>
      <main class="main">{children}</main>
    </div>
  );
}
