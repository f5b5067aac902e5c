"""What `make check` looks at: each check returns findings, and a finding names a file, a line, what is wrong and how to mend it."""
