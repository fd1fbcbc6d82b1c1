import "./theme/tokens.css";
import "./theme/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { PageProvider, startPage } from "./page";
import { App } from "./shell/App";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no element #root");
createRoot(root).render(
  <StrictMode>
    <PageProvider page={startPage()}>
      <App />
    </PageProvider>
  </StrictMode>,
);
