"""An imitation of Stripe (localstripe) on a free loopback port. Prints the port, and ends with its standard input."""

import asyncio
import json
import sys

from aiohttp import web
from localstripe.server import app


async def main():
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


asyncio.run(main())
