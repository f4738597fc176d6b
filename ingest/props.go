package ingest

import (
	"strings"

	"github.com/valyala/fastjson"

	"footfall/aggregate"
)

// objectOf is the object that a field is, or that its text holds; nil for others.
// It is valid until the next one.
func (t *Ticket) objectOf(f field) *fastjson.Object {
	if f.kind == textField && f.text != "" && !tooDeep(f.text) {
		v, err := t.inner.Parse(f.text)
		if err != nil {
			return nil
		}
		f = t.text.fieldOf(v)
	}
	return f.object
}

// readRevenue reads what an event brought. What is malformed was not told.
func (t *Ticket) readRevenue(r field) {
	object := t.objectOf(r)
	if object == nil {
		return
	}
	var currency, amount field
	object.Visit(func(name []byte, v *fastjson.Value) {
		switch string(name) {
		case "currency":
			currency = t.text.fieldOf(v)
		case "amount":
			amount = t.text.fieldOf(v)
		}
	})
	if currency.kind != textField || amount.kind != textField && amount.kind != numberField {
		return
	}
	t.earn(currency.text, amount.text)
}

// earn gives the beacon its revenue, where currency and amount are such.
func (t *Ticket) earn(currency, amount string) {
	code, ok := aggregate.ParseCurrency(currency)
	micros, isAmount := aggregate.ParseAmount(amount)
	if ok && isAmount {
		mark := len(t.text.b)
		t.text.b = append(t.text.b, code...)
		t.Beacon.Currency, t.Beacon.Amount = t.text.from(mark), micros
	}
}

// readProps reads an object, or a text that holds one. Anything else counts as
// no properties.
func (t *Ticket) readProps(p field) {
	object := t.objectOf(p)
	if object == nil {
		return
	}
	wrong := false
	object.Visit(func(name []byte, v *fastjson.Value) {
		value := t.text.fieldOf(v)
		if len(t.Beacon.Props) < maxProps && t.readProp(borrow(name), value) {
			wrong = true
		}
	})
	if wrong {
		t.problem("props", "keys should have at most 300 bytes and values 2000")
	}
}

// readProp keeps one property and reports whether it is too long. A key that
// comes twice has its last value.
func (t *Ticket) readProp(name string, value field) (tooLong bool) {
	switch value.kind {
	case textField, numberField, trueField, falseField:
	default:
		return false
	}
	if strings.TrimSpace(name) == "" || strings.TrimSpace(value.text) == "" {
		return false
	}
	if len(name) > maxPropKey || len(value.text) > maxPropValue {
		return true
	}
	prop := aggregate.Prop{
		Key:   cut(t.text.clean(name), maxPropKey),
		Value: cut(t.text.clean(value.text), maxPropValue),
	}
	for i := range t.Beacon.Props {
		if t.Beacon.Props[i].Key == prop.Key {
			t.Beacon.Props[i].Value = prop.Value
			return false
		}
	}
	t.Beacon.Props = append(t.Beacon.Props, prop)
	return false
}
