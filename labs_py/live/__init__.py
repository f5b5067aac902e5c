"""Architectures that really run: every instance of every service is an HTTP server in a process of its own, on this machine.

Needs the extra `live` (`pip install "labs_py[live]"`): uvicorn serves, aiohttp calls. Nothing else of labs_py imports this package.
"""
