/** Pages that are loaded when they are first opened: what a call does not need does not make its page heavier. */
import { signal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import { useEffect } from 'preact/hooks';
import { Loading } from './parts/form';
import { Page } from './parts/page';
import { text } from './text';

interface Module {
  readonly Pages: FunctionComponent;
}

/** A component that stands for `Pages` of a module. */
export function lazy(load: () => Promise<Module>): FunctionComponent {
  const state = signal<FunctionComponent | 'loading' | 'failed'>('loading');
  let asked = false;
  const ask = () => {
    if (asked) return;
    asked = true;
    load().then(
      ({ Pages }) => {
        state.value = Pages;
      },
      () => {
        // No network, or a newer version of the app has been put in place of this one.
        state.value = 'failed';
      },
    );
  };
  return function Lazy() {
    const now = state.value;
    const there = typeof now === 'function';
    useEffect(ask, []);
    useEffect(() => {
      if (there) document.querySelector<HTMLElement>('h1[tabindex]')?.focus({ preventScroll: true });
    }, [there]);
    if (typeof now === 'function') {
      const Pages = now;
      return <Pages />;
    }
    return (
      <Page name="lazy">
        {now === 'loading' ? (
          <Loading />
        ) : (
          <div class="lazy-failed" role="alert">
            <p>{text.lazy.failed}</p>
            <button type="button" class="button" onClick={() => location.reload()}>
              {text.reload}
            </button>
          </div>
        )}
      </Page>
    );
  };
}
