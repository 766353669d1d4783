// What the pages' scripts share through `window`: the bridge that a merchant's page calls.

interface BridgeResult {
  resultCode?: string;
  memo?: string;
  error?: number;
  errorMessage?: string;
}

interface Window {
  AlipayJSBridge: {
    call(name: string, params?: object | ((result: BridgeResult) => void), callback?: (result: BridgeResult) => void): void;
    startupParams: object;
  };
  tillgatePhone?: (order: { orderStr: string; callId: string; version?: string }, then: (result: BridgeResult & { returnUrl?: string }) => void) => void;
  my: {
    tradePay?: (options: {
      orderStr: string;
      version?: string;
      success?: (result: BridgeResult) => void;
      fail?: (result: BridgeResult) => void;
      complete?: (result: BridgeResult) => void;
    }) => void;
  };
}

declare const AlipayJSBridge: Window["AlipayJSBridge"];
declare const tillgateSettings: unknown;
