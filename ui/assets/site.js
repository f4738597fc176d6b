// A site's page, with a script: nothing here is needed to read it.
