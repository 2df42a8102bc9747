package compare

import "github.com/jedib0t/go-pretty/v6/table"

// reported are accuracies in per cent that the papers' tables set beside their own:
// of methods that are not compared here, on the papers' videos, and not reproduced.
var reported = []struct {
	method, data string
	accuracy     float64
}{
	{"Wang et al. 2015", "UCF11", 84.2},
	{"Sharma et al. 2015", "UCF11", 86.0},
	{"Cho et al. 2014", "UCF11", 88.0},
	{"Gammulle et al. 2017", "UCF11", 94.6},
	{"CNN + LSTM, in Pan et al. 2019", "UCF11", 92.3},
	{"CNN + TR-LSTM, Pan et al. 2019", "UCF11", 93.8},
	{"CNN + HT-LSTM", "UCF11", 98.1},
	{"Wang et al. 2015", "HMDB51", 63.2},
	{"Feichtenhofer et al. 2016", "HMDB51", 56.8},
	{"Carreira and Zisserman 2017, RGB and flow", "HMDB51", 66.4},
	{"Carreira and Zisserman 2017, RGB", "HMDB51", 49.8},
	{"CNN + LSTM, in Pan et al. 2019", "HMDB51", 62.9},
	{"CNN + TR-LSTM, Pan et al. 2019", "HMDB51", 63.8},
	{"CNN + HT-LSTM", "HMDB51", 64.2},
}

// others is the table of what the papers report of other methods, on the data that
// the published accuracies of the models are for; nil where they have none.
func (r *Results) others() *sheet {
	on := map[string]bool{}
	for _, m := range r.Models {
		on[m.Model.Data] = on[m.Model.Data] || m.Model.PublishedAccuracy > 0
	}
	t := newTable(table.Row{"method", "published accuracy (reported)"})
	for _, o := range reported {
		if on[o.data] {
			t.add(o.method, percentOn(o.accuracy, o.data))
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}
