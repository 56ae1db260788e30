"""The `iro` command. Each module beside this one adds commands; what they do is the SDK's, what they say is theirs."""
