// SPDX-License-Identifier: Apache-2.0
// All journeys, by name. Each takes what it needs to know, and `add`, which is told of every person whose end is to be seen to.
import { cluster } from "./journeys_cluster.mjs";
import { detect } from "./journeys_detect.mjs";
import { house } from "./journeys_house.mjs";
import { search } from "./journeys_search.mjs";
import { views } from "./journeys_views.mjs";

export const journeys = { ...cluster, ...search, ...detect, ...house, ...views };
