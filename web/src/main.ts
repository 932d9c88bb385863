import { startApp } from './app/app';

const root = document.getElementById('app');
if (!root) throw new Error('the page has no #app');
startApp(root);
