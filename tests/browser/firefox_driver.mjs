/**
 * Drives Firefox over WebDriver BiDi, which Python's Playwright cannot do with a stock one: reads commands as lines of JSON, answers each with a line.
 * node firefox_driver.mjs FIREFOX
 */

import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";

const browser = await puppeteer.launch({ browser: "firefox", executablePath: process.argv[2], args: ["--width=1280", "--height=900"] });
const page = (await browser.pages())[0] ?? (await browser.newPage());
const errors = [];
const foreign = [];
let home = "";
page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
page.on("pageerror", (error) => errors.push(String(error)));
page.on("response", (response) => response.status() >= 400 && errors.push(`${response.status()} ${response.url()}`));
page.on("request", (request) => new RegExp(`^(blob:)?${home}|^data:`).test(request.url()) || foreign.push(request.url()));

const commands = {
  async open(url) {
    home = new URL(url).origin;
    await page.goto(url);
  },
  // A function, not an expression: the page's policy forbids what would have to be evaluated in it.
  ask: (text, values) => page.evaluate((0, eval)(`(${text})`), ...values),
  press: (selector) => page.click(selector),
  troubles: () => [...errors.splice(0), ...foreign.splice(0)],
};

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...values] = JSON.parse(line);
  const answer = await Promise.resolve(commands[command](...values)).then((value) => ({ value }), (error) => ({ error: String(error) }));
  console.log(JSON.stringify(answer));
}
await browser.close();
