// SPDX-License-Identifier: Apache-2.0
import { render } from "preact";
import { Page } from "./app/page";
import { whoIsIt } from "./app/session";
import "./style/base.css";
import "./style/parts.css";
import "./style/tables.css";
import "./style/views.css";
import "./style/overview.css";
import "./style/alerts.css";
import "./style/entity.css";
import "./style/rules.css";
import "./style/house.css";
import "./style/ioc.css";
import "./style/sources.css";

void whoIsIt();
render(<Page />, document.getElementById("app")!);
