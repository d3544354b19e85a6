// Loaded before a program that knows no proxy: what it fetches goes through WT_PROXY_URL.
import { ProxyAgent, setGlobalDispatcher } from 'undici';
import { env, throughProxy } from './steps.mjs';

setGlobalDispatcher(new ProxyAgent(env.WT_PROXY_URL));
throughProxy(env.WT_PROXY_URL);
