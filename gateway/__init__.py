"""The document intake gateway: one queue for what citizens send by e-mail, fax, post and internet."""
