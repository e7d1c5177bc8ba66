"""The show: invented submissions through the real edges, played on the real pages of a gateway that really runs."""
