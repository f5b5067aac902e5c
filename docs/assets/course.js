/** What every page of the course runs. */

import "./lab-panel.js";
import "./tasks.js";
