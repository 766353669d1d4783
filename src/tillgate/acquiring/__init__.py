"""The rules of acquiring, pure: who sells, who pays, what an order may become.

It knows neither the wire, nor the ledger, nor any disk: values in, values out.
"""
