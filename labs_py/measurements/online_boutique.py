# ruff: noqa: E501
"""Measured by `python -m tools.record`, which makes this file again; do not edit it. Times are in milliseconds."""

DATE = "22 November 2026"
MACHINE = "AMD EPYC, 2 cores, Linux, Python 3.13.0"
LOAD = "7.52 (1 min), 9.42 (5 min)"
RATE, SECONDS = 6.0, 60.0

# What one call, and one request of the load generator, took beyond its work and network while the load was sent; equally likely values.
CALL_MS = "0.86 0.94 1.01 1.07 1.10 1.14 1.17 1.20 1.23 1.27 1.32 1.36 1.40 1.44 1.49 1.56 1.66 1.77 2.04 2.20 2.51 2.75 2.88 3.10 3.29 3.67 4.00 4.39 4.70 5.16 5.45 5.87 6.48 7.01 7.70 9.78 11.35 16.85 25.95 42.73"
REQUEST_MS = "1.24 1.31 1.41 1.50 1.51 1.56 1.58 1.63 1.65 1.68 1.72 1.74 1.76 1.83 1.87 1.92 1.97 2.02 2.11 2.30 2.65 2.95 3.02 3.40 4.08 4.94 5.96 6.22 6.84 7.03 7.87 8.85 10.01 12.31 14.63 18.27 23.10 40.48 53.87 99.13"

# How many calls each request waited for: the fewest and the most of all requests.
IN_A_ROW = {
    "GET /": [14, 14],
    "GET /product/{id}": [13, 13],
    "GET /cart": [14, 14],
    "POST /cart": [4, 4],
    "POST /cart/checkout": [20, 20],
    "POST /setCurrency": [0, 0],
}

LATENCIES_MS = {
    "GET /": "50.36 62.50 69.22 80.31 80.32 87.87 90.00 94.13 94.21 96.11 99.10 99.81 106.06 108.53 115.65 116.59 120.83 128.84 129.61 134.58 138.21 189.52 213.49 225.29 233.27 476.75",
    "GET /product/{id}": "42.34 49.86 53.23 54.08 54.50 55.36 56.15 56.59 57.94 58.54 59.21 60.06 60.23 61.12 61.28 62.67 62.74 63.06 63.26 63.38 64.04 64.99 65.58 65.89 66.69 67.21 67.51 67.85 68.06 68.31 68.59 69.05 70.51 72.08 72.40 72.78 73.79 74.23 74.70 74.73 74.92 75.31 75.58 76.08 76.64 76.84 76.96 76.98 77.22 77.35 77.66 79.24 80.28 80.56 82.13 82.68 83.29 83.61 84.52 84.57 84.96 85.93 86.64 88.37 88.58 88.63 88.84 89.13 89.58 90.14 90.72 91.56 93.37 93.48 94.19 94.60 94.82 95.16 95.21 95.30 95.50 96.23 96.51 96.68 96.85 96.89 97.21 97.65 100.10 100.50 100.85 101.55 101.80 102.62 103.28 105.26 105.82 106.57 107.16 108.00 109.45 109.91 110.75 112.15 112.46 112.62 114.07 115.84 116.32 117.68 119.66 119.70 121.40 122.47 122.96 123.65 124.57 124.92 125.77 126.28 129.19 129.45 129.52 129.68 130.39 130.73 131.55 131.64 132.14 132.23 135.88 136.77 139.17 140.11 141.42 142.05 142.16 142.61 142.99 143.34 143.73 146.26 147.05 147.48 150.17 152.84 153.16 154.13 155.58 156.60 157.06 163.45 163.78 164.22 164.75 166.98 170.13 178.91 180.52 181.54 182.84 189.61 192.60 194.28 195.09 201.72 202.01 205.21 206.53 212.62 213.13 214.53 215.56 215.86 221.40 230.91 233.23 234.29 272.27 289.17 298.87 342.82 350.99 355.67 355.81 359.26 371.62 424.36 598.33",
    "GET /cart": "61.56 63.60 66.69 66.74 69.65 71.55 72.72 76.71 80.26 80.95 83.34 84.18 89.78 90.61 91.00 97.05 97.70 97.75 102.14 102.30 103.35 104.58 105.42 106.93 107.87 112.08 119.67 123.04 126.34 126.72 131.31 135.19 138.66 139.98 141.44 143.93 153.64 160.01 187.82 198.63 199.36 200.19 231.50 236.42 270.75",
    "POST /cart": "14.52 14.84 15.27 15.61 18.87 18.99 20.47 20.94 25.65 26.44 26.58 27.44 28.19 28.69 29.08 29.37 29.89 30.67 32.53 32.68 33.99 34.41 34.64 35.04 35.24 37.32 40.24 40.78 42.65 46.51 47.61 48.38 49.35 49.41 51.19 52.55 54.57 58.46 74.89 87.45 88.10 108.72 113.18 118.81 134.07 152.47 179.69 216.68",
    "POST /cart/checkout": "78.49 84.50 99.60 116.87 122.41 127.15 139.76 141.62 141.91 142.43 149.96 163.01 167.32 182.52 188.89 200.09 215.68 255.21 271.13 331.14",
    "POST /setCurrency": "2.46 3.16 3.34 3.36 3.92 5.40 6.24 6.72 7.72 7.81 10.68 10.82 11.19 11.58 13.25 14.54 15.06 16.74 43.82 78.89",
}

# How 3 requests to each endpoint ended while a service was dead; "no answer": within 6.5 s.
OUTCOMES = {
    "crash": {
        "frontend": {
            "GET /": {"fails": 3},
            "GET /product/{id}": {"fails": 3},
            "GET /cart": {"fails": 3},
            "POST /cart": {"fails": 3},
            "POST /cart/checkout": {"fails": 3},
            "POST /setCurrency": {"fails": 3},
        },
        "currency": {
            "GET /": {"fails": 3},
            "GET /product/{id}": {"fails": 3},
            "GET /cart": {"fails": 3},
            "POST /cart": {"ok": 3},
            "POST /cart/checkout": {"fails": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "catalog": {
            "GET /": {"fails": 3},
            "GET /product/{id}": {"fails": 3},
            "GET /cart": {"fails": 3},
            "POST /cart": {"fails": 3},
            "POST /cart/checkout": {"fails": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "cart": {
            "GET /": {"fails": 3},
            "GET /product/{id}": {"fails": 3},
            "GET /cart": {"fails": 3},
            "POST /cart": {"fails": 3},
            "POST /cart/checkout": {"fails": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "redis": {
            "GET /": {"fails": 3},
            "GET /product/{id}": {"fails": 3},
            "GET /cart": {"fails": 3},
            "POST /cart": {"fails": 3},
            "POST /cart/checkout": {"fails": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "recommendation": {
            "GET /": {"ok": 3},
            "GET /product/{id}": {"degraded": 3},
            "GET /cart": {"degraded": 3},
            "POST /cart": {"ok": 3},
            "POST /cart/checkout": {"degraded": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "shipping": {
            "GET /": {"ok": 3},
            "GET /product/{id}": {"ok": 3},
            "GET /cart": {"fails": 3},
            "POST /cart": {"ok": 3},
            "POST /cart/checkout": {"fails": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "checkout": {
            "GET /": {"ok": 3},
            "GET /product/{id}": {"ok": 3},
            "GET /cart": {"ok": 3},
            "POST /cart": {"ok": 3},
            "POST /cart/checkout": {"fails": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "payment": {
            "GET /": {"ok": 3},
            "GET /product/{id}": {"ok": 3},
            "GET /cart": {"ok": 3},
            "POST /cart": {"ok": 3},
            "POST /cart/checkout": {"fails": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "email": {
            "GET /": {"ok": 3},
            "GET /product/{id}": {"ok": 3},
            "GET /cart": {"ok": 3},
            "POST /cart": {"ok": 3},
            "POST /cart/checkout": {"degraded": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "ad": {
            "GET /": {"degraded": 3},
            "GET /product/{id}": {"degraded": 3},
            "GET /cart": {"ok": 3},
            "POST /cart": {"ok": 3},
            "POST /cart/checkout": {"ok": 3},
            "POST /setCurrency": {"ok": 3},
        },
    },
    "hang": {
        "frontend": {
            "GET /": {"no answer": 3},
            "GET /product/{id}": {"no answer": 3},
            "GET /cart": {"no answer": 3},
            "POST /cart": {"no answer": 3},
            "POST /cart/checkout": {"no answer": 3},
            "POST /setCurrency": {"no answer": 3},
        },
        "currency": {
            "GET /": {"no answer": 3},
            "GET /product/{id}": {"no answer": 3},
            "GET /cart": {"no answer": 3},
            "POST /cart": {"ok": 3},
            "POST /cart/checkout": {"no answer": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "catalog": {
            "GET /": {"no answer": 3},
            "GET /product/{id}": {"no answer": 3},
            "GET /cart": {"no answer": 3},
            "POST /cart": {"no answer": 3},
            "POST /cart/checkout": {"no answer": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "cart": {
            "GET /": {"no answer": 3},
            "GET /product/{id}": {"no answer": 3},
            "GET /cart": {"no answer": 3},
            "POST /cart": {"no answer": 3},
            "POST /cart/checkout": {"no answer": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "redis": {
            "GET /": {"fails": 3},
            "GET /product/{id}": {"fails": 3},
            "GET /cart": {"fails": 3},
            "POST /cart": {"fails": 3},
            "POST /cart/checkout": {"fails": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "recommendation": {
            "GET /": {"ok": 3},
            "GET /product/{id}": {"no answer": 3},
            "GET /cart": {"no answer": 3},
            "POST /cart": {"ok": 3},
            "POST /cart/checkout": {"no answer": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "shipping": {
            "GET /": {"ok": 3},
            "GET /product/{id}": {"ok": 3},
            "GET /cart": {"no answer": 3},
            "POST /cart": {"ok": 3},
            "POST /cart/checkout": {"no answer": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "checkout": {
            "GET /": {"ok": 3},
            "GET /product/{id}": {"ok": 3},
            "GET /cart": {"ok": 3},
            "POST /cart": {"ok": 3},
            "POST /cart/checkout": {"no answer": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "payment": {
            "GET /": {"ok": 3},
            "GET /product/{id}": {"ok": 3},
            "GET /cart": {"ok": 3},
            "POST /cart": {"ok": 3},
            "POST /cart/checkout": {"no answer": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "email": {
            "GET /": {"ok": 3},
            "GET /product/{id}": {"ok": 3},
            "GET /cart": {"ok": 3},
            "POST /cart": {"ok": 3},
            "POST /cart/checkout": {"no answer": 3},
            "POST /setCurrency": {"ok": 3},
        },
        "ad": {
            "GET /": {"degraded": 3},
            "GET /product/{id}": {"degraded": 3},
            "GET /cart": {"ok": 3},
            "POST /cart": {"ok": 3},
            "POST /cart/checkout": {"ok": 3},
            "POST /setCurrency": {"ok": 3},
        },
    },
}
