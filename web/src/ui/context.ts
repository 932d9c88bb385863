/** How every component reaches the state and the actions without threading them through each level. */
import type { ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Actions, AppState } from '../state/types';

export interface App {
  readonly state: ReadonlySignal<AppState>;
  readonly actions: Actions;
}

export const AppContext = createContext<App | null>(null);

function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error('used outside of mount()');
  return app;
}

/** The state as it is now; reading it subscribes the component. */
export function useAppState(): AppState {
  return useApp().state.value;
}

export function useActions(): Actions {
  return useApp().actions;
}
