"""What turns Markdown and labs into the site: functions that know nothing of MkDocs, and thin hooks that call them."""
