package ui

// optOutText is the opt-out page in one language. What it says must be true of
// every installation, whatever its settings: where a setting decides, it says so.
type optOutText struct {
	Lang, Name string

	Title, Lead            string
	Choice, Keeping        string
	NoScript, Signal       string
	Kept                   string
	KeptItems              []string
	NotKept                string
	NotKeptItems           []string
	Elsewhere, Owner, Tags string
}

// optOutTexts are the languages that there are; the first is for everybody else.
var optOutTexts = []*optOutText{
	{
		Lang: "en", Name: "English",
		Title: "Being counted, or not",
		Lead: "This website counts its visitors with Footfall, as a shop counts the people who come in by its door: how many, " +
			"not who. You can be left out.",
		Choice: "Your choice",
		Keeping: "The choice is one entry in this browser’s storage, named footfall_ignore, for the address of this page. It is kept " +
			"nowhere else, and it is gone when you clear the browser’s data, or in another browser or a private window. Whoever is " +
			"left out leaves nothing behind: nothing is sent, not even word that somebody chose so.",
		NoScript: "The button needs JavaScript, and so does the counting. Some websites add an invisible picture for browsers " +
			"without it; Global Privacy Control keeps that one from counting you as well, unless the website has decided otherwise.",
		Signal: "A browser that sends Global Privacy Control is left out by the counting script without any button.",
		Kept:   "What is kept",
		KeptItems: []string{
			"Totals: how many visitors, visits and pages a day or an hour had, which pages they were, and how long and how far they were read.",
			"Which other site or campaign visits came from, and, where the operator has a database for it, from which country, region or city.",
			"The kind of device, the browser, the system and the language.",
			"Clicks on links that lead away, downloads, and what the website counts under names of its own.",
			"All of it as counters, shared by everybody who was there. At most two such facts of one visit are ever kept together.",
		},
		NotKept: "What is not kept",
		NotKeptItems: []string{
			"No cookie and no mark in your browser, apart from the choice above if you make it.",
			"No network address (IP) and no browser identification as it was sent. Both are used in memory to tell the visitors of one day apart, and never written to a disk.",
			"No history of a person. What tells visitors apart is mixed with a random number, another one for each website and each day; it is destroyed half an hour after the day is over. After that nobody can recognize a visitor of that day, the operator included.",
			"Of a page’s address, no query but the tags of a campaign; of the page you came from, no query either.",
			"The web server that delivers the website may keep a log of its own. That is not Footfall’s, and the website’s privacy notice should tell you about it.",
		},
		Elsewhere: "Did you mean another website?",
		Owner: "A browser keeps a choice for the address in its address bar alone. A website at another address needs the button " +
			"on a page of its own.",
		Tags: "If it is yours: put these two lines into your page about privacy.",
	},
	{
		Lang: "de", Name: "Deutsch",
		Title: "Gezählt werden oder nicht",
		Lead: "Diese Website zählt ihre Besucher mit Footfall, so wie ein Geschäft zählt, wer durch die Tür kommt: wie viele, " +
			"nicht wer. Sie können sich davon ausnehmen.",
		Choice: "Ihre Entscheidung",
		Keeping: "Die Entscheidung ist ein Eintrag im Speicher dieses Browsers, er heißt footfall_ignore und gilt für die Adresse dieser Seite. Sonst " +
			"steht sie nirgends. Sie ist weg, wenn Sie die Daten des Browsers löschen, und gilt nicht in einem anderen Browser oder " +
			"in einem privaten Fenster. Wer sich ausnimmt, hinterlässt nichts: Es wird nichts gesendet, nicht einmal, dass jemand so entschieden hat.",
		NoScript: "Der Knopf braucht JavaScript, das Zählen auch. Manche Websites fügen für Browser ohne JavaScript ein unsichtbares " +
			"Bild ein; Global Privacy Control verhindert auch dessen Zählung, sofern die Website nichts anderes eingestellt hat.",
		Signal: "Einen Browser, der Global Privacy Control sendet, lässt das Zählskript ohne jeden Knopf aus.",
		Kept:   "Was aufbewahrt wird",
		KeptItems: []string{
			"Summen: wie viele Besucher, Besuche und Seiten ein Tag oder eine Stunde hatte, welche Seiten es waren, wie lange und wie weit sie gelesen wurden.",
			"Von welcher anderen Website oder Kampagne Besuche kamen und, wenn der Betreiber eine Datenbank dafür hat, aus welchem Land, welcher Region oder Stadt.",
			"Art des Geräts, Browser, Betriebssystem und Sprache.",
			"Klicks auf Links, die wegführen, Downloads und was die Website unter eigenen Namen zählt.",
			"Alles als Zähler, die sich alle teilen, die da waren. Von einem Besuch werden nie mehr als zwei solcher Angaben zusammen aufbewahrt.",
		},
		NotKept: "Was nicht aufbewahrt wird",
		NotKeptItems: []string{
			"Kein Cookie und keine Markierung in Ihrem Browser, außer der Entscheidung oben, wenn Sie sie treffen.",
			"Keine Netzwerkadresse (IP) und keine Browserkennung, wie sie gesendet wurde. Beide dienen im Arbeitsspeicher dazu, die Besucher eines Tages zu unterscheiden, und werden nie auf einen Datenträger geschrieben.",
			"Kein Verlauf einer Person. Was Besucher unterscheidet, wird mit einer Zufallszahl vermischt, für jede Website und jeden Tag einer anderen; eine halbe Stunde nach dem Ende des Tages wird sie vernichtet. Danach kann niemand mehr einen Besucher dieses Tages wiedererkennen, auch der Betreiber nicht.",
			"Von der Adresse einer Seite keine Parameter außer denen einer Kampagne; von der Seite, von der Sie kamen, auch keine.",
			"Der Webserver, der die Website ausliefert, führt vielleicht ein eigenes Protokoll. Das gehört nicht zu Footfall; die Datenschutzerklärung der Website sollte es nennen.",
		},
		Elsewhere: "Meinten Sie eine andere Website?",
		Owner: "Ein Browser merkt sich eine Entscheidung nur für die Adresse in seiner Adresszeile. Eine Website unter einer anderen Adresse " +
			"braucht den Knopf auf einer eigenen Seite.",
		Tags: "Wenn es Ihre ist: Setzen Sie diese zwei Zeilen in Ihre Seite zum Datenschutz.",
	},
	{
		Lang: "fr", Name: "Français",
		Title: "Être compté, ou non",
		Lead: "Ce site compte ses visiteurs avec Footfall, comme un magasin compte les personnes qui passent sa porte : combien, " +
			"et non qui. Vous pouvez ne pas en être.",
		Choice: "Votre choix",
		Keeping: "Ce choix est une entrée dans le stockage de ce navigateur, nommée footfall_ignore, pour l’adresse de cette page. Il n’est gardé " +
			"nulle part ailleurs ; il disparaît si vous effacez les données du navigateur, et ne vaut ni dans un autre navigateur ni " +
			"dans une fenêtre privée. Qui choisit de ne pas être compté ne laisse rien : rien n’est envoyé, pas même le fait d’avoir choisi.",
		NoScript: "Le bouton a besoin de JavaScript, et le comptage aussi. Certains sites ajoutent une image invisible pour les navigateurs " +
			"qui n’en ont pas ; Global Privacy Control empêche aussi celle-ci de vous compter, sauf si le site en a décidé autrement.",
		Signal: "Un navigateur qui envoie le signal Global Privacy Control n’est pas compté par le script, sans aucun bouton.",
		Kept:   "Ce qui est gardé",
		KeptItems: []string{
			"Des totaux : combien de visiteurs, de visites et de pages par jour ou par heure, quelles pages, combien de temps et jusqu’où elles ont été lues.",
			"De quel autre site ou de quelle campagne viennent les visites et, si l’exploitant dispose d’une base pour cela, de quel pays, de quelle région ou ville.",
			"Le type d’appareil, le navigateur, le système et la langue.",
			"Les clics sur les liens qui mènent ailleurs, les téléchargements, et ce que le site compte sous des noms à lui.",
			"Le tout sous forme de compteurs communs à tous ceux qui étaient là. D’une visite, jamais plus de deux de ces faits ne sont gardés ensemble.",
		},
		NotKept: "Ce qui n’est pas gardé",
		NotKeptItems: []string{
			"Aucun cookie et aucune marque dans votre navigateur, hormis le choix ci-dessus si vous le faites.",
			"Aucune adresse réseau (IP) et aucune identification du navigateur telle qu’envoyée. Toutes deux servent en mémoire à distinguer les visiteurs d’un même jour et ne sont jamais écrites sur un disque.",
			"Aucun historique d’une personne. Ce qui distingue les visiteurs est mêlé à un nombre aléatoire, différent pour chaque site et chaque jour ; il est détruit une demi-heure après la fin du jour. Ensuite, personne ne peut reconnaître un visiteur de ce jour, pas même l’exploitant.",
			"De l’adresse d’une page, aucun paramètre hormis ceux d’une campagne ; de la page d’où vous venez, aucun non plus.",
			"Le serveur web qui fournit le site tient peut-être son propre journal. Il ne fait pas partie de Footfall, et la notice de confidentialité du site devrait en parler.",
		},
		Elsewhere: "Vous pensiez à un autre site ?",
		Owner: "Un navigateur garde un choix pour la seule adresse de sa barre d’adresse. Un site à une autre adresse a besoin du bouton " +
			"sur une de ses propres pages.",
		Tags: "S’il est à vous : placez ces deux lignes dans votre page sur la confidentialité.",
	},
	{
		Lang: "es", Name: "Español",
		Title: "Ser contado o no",
		Lead: "Este sitio cuenta a sus visitantes con Footfall, como una tienda cuenta a quienes entran por la puerta: cuántos son, " +
			"no quiénes. Usted puede quedar fuera.",
		Choice: "Su elección",
		Keeping: "La elección es una entrada en el almacenamiento de este navegador, llamada footfall_ignore, para la dirección de esta página. No se guarda " +
			"en ningún otro lugar; desaparece si borra los datos del navegador y no vale en otro navegador ni en una ventana privada. " +
			"Quien queda fuera no deja nada: no se envía nada, ni siquiera que alguien lo eligió.",
		NoScript: "El botón necesita JavaScript, y el recuento también. Algunos sitios añaden una imagen invisible para los navegadores " +
			"que no lo tienen; Global Privacy Control impide que también esa le cuente, salvo que el sitio haya decidido otra cosa.",
		Signal: "El script no cuenta a un navegador que envía la señal Global Privacy Control, sin necesidad de botón.",
		Kept:   "Qué se guarda",
		KeptItems: []string{
			"Totales: cuántos visitantes, visitas y páginas tuvo un día o una hora, qué páginas fueron, cuánto tiempo y hasta dónde se leyeron.",
			"De qué otro sitio o campaña llegaron las visitas y, si el operador tiene una base de datos para ello, de qué país, región o ciudad.",
			"El tipo de dispositivo, el navegador, el sistema y el idioma.",
			"Los clics en enlaces que llevan fuera, las descargas y lo que el sitio cuenta con nombres propios.",
			"Todo ello como contadores comunes a todos los que estuvieron allí. De una visita nunca se guardan juntos más de dos de estos datos.",
		},
		NotKept: "Qué no se guarda",
		NotKeptItems: []string{
			"Ninguna cookie ni marca en su navegador, salvo la elección de arriba si la hace.",
			"Ninguna dirección de red (IP) ni identificación del navegador tal como se envió. Ambas sirven en memoria para distinguir a los visitantes de un mismo día y nunca se escriben en un disco.",
			"Ningún historial de una persona. Lo que distingue a los visitantes se mezcla con un número aleatorio, distinto para cada sitio y cada día, que se destruye media hora después de terminar el día. Desde entonces nadie puede reconocer a un visitante de ese día, tampoco el operador.",
			"De la dirección de una página, ningún parámetro salvo los de una campaña; de la página de la que usted venía, tampoco.",
			"El servidor web que entrega el sitio quizá lleve su propio registro. No es parte de Footfall, y el aviso de privacidad del sitio debería mencionarlo.",
		},
		Elsewhere: "¿Pensaba en otro sitio?",
		Owner: "Un navegador guarda una elección solo para la dirección que muestra en su barra. Un sitio en otra dirección necesita el botón " +
			"en una página propia.",
		Tags: "Si es suyo: ponga estas dos líneas en su página sobre privacidad.",
	},
	{
		Lang: "pt", Name: "Português",
		Title: "Ser contado ou não",
		Lead: "Este site conta os seus visitantes com o Footfall, como uma loja conta quem entra pela porta: quantos, " +
			"não quem. Pode ficar de fora.",
		Choice: "A sua escolha",
		Keeping: "A escolha é uma entrada no armazenamento deste navegador, chamada footfall_ignore, para o endereço desta página. Não fica guardada " +
			"em mais lado nenhum; desaparece se apagar os dados do navegador e não vale noutro navegador nem numa janela privada. " +
			"Quem fica de fora não deixa nada: nada é enviado, nem sequer que alguém fez essa escolha.",
		NoScript: "O botão precisa de JavaScript, e a contagem também. Alguns sites acrescentam uma imagem invisível para navegadores " +
			"sem ele; o Global Privacy Control impede que também essa o conte, a não ser que o site tenha decidido outra coisa.",
		Signal: "Um navegador que envia o sinal Global Privacy Control não é contado pelo script, sem botão nenhum.",
		Kept:   "O que é guardado",
		KeptItems: []string{
			"Totais: quantos visitantes, visitas e páginas teve um dia ou uma hora, que páginas foram, quanto tempo e até onde foram lidas.",
			"De que outro site ou campanha vieram as visitas e, se o operador tiver uma base de dados para isso, de que país, região ou cidade.",
			"O tipo de dispositivo, o navegador, o sistema e a língua.",
			"Os cliques em ligações que levam para fora, as transferências de ficheiros e o que o site conta com nomes seus.",
			"Tudo como contadores comuns a todos os que lá estiveram. De uma visita nunca se guardam juntos mais de dois destes dados.",
		},
		NotKept: "O que não é guardado",
		NotKeptItems: []string{
			"Nenhum cookie e nenhuma marca no seu navegador, além da escolha acima, se a fizer.",
			"Nenhum endereço de rede (IP) e nenhuma identificação do navegador tal como foi enviada. Ambos servem em memória para distinguir os visitantes de um mesmo dia e nunca são escritos num disco.",
			"Nenhum histórico de uma pessoa. O que distingue os visitantes é misturado com um número aleatório, diferente para cada site e cada dia, destruído meia hora depois de o dia acabar. A partir daí ninguém consegue reconhecer um visitante desse dia, nem o operador.",
			"Do endereço de uma página, nenhum parâmetro além dos de uma campanha; da página de onde veio, também nenhum.",
			"O servidor web que entrega o site pode manter um registo próprio. Não faz parte do Footfall, e o aviso de privacidade do site deveria mencioná-lo.",
		},
		Elsewhere: "Pensava noutro site?",
		Owner: "Um navegador guarda uma escolha só para o endereço que mostra na sua barra. Um site noutro endereço precisa do botão " +
			"numa página sua.",
		Tags: "Se for seu: ponha estas duas linhas na sua página sobre privacidade.",
	},
	{
		Lang: "ja", Name: "日本語",
		Title: "数えられるか、数えられないか",
		Lead: "このサイトは Footfall で訪問者を数えています。店が入口を通る人を数えるのと同じで、何人かを数え、誰かは見ません。" +
			"あなたを数えないようにすることもできます。",
		Choice: "あなたの選択",
		Keeping: "選択は、このブラウザーの保存領域に footfall_ignore という名前の項目ひとつとして、このページのアドレスについて残ります。ほかのどこにも保存されません。" +
			"ブラウザーのデータを消すと失われ、別のブラウザーやプライベートウィンドウでは効きません。" +
			"数えられないことを選んだ人からは何も残りません。何も送られず、誰かがそう選んだという知らせさえ送られません。",
		NoScript: "このボタンには JavaScript が必要で、数える側も同じです。JavaScript のないブラウザーのために見えない画像を置くサイトもありますが、" +
			"サイトが別に定めていないかぎり、Global Privacy Control を送ればその画像でも数えられません。",
		Signal: "Global Privacy Control を送るブラウザーは、ボタンを押さなくても計測スクリプトに数えられません。",
		Kept:   "残すもの",
		KeptItems: []string{
			"合計。一日または一時間の訪問者数、訪問数、ページ数、どのページか、どれだけの時間、どこまで読まれたか。",
			"どのサイトやキャンペーンから来たか。運営者がそのためのデータベースを持つ場合は、どの国、地域、都市からか。",
			"端末の種類、ブラウザー、システム、言語。",
			"外部へのリンクのクリック、ダウンロード、サイトが独自の名前で数えるもの。",
			"すべて、訪れた全員に共通のカウンターとして残ります。一回の訪問について、こうした事柄が三つ以上まとめて残ることはありません。",
		},
		NotKept: "残さないもの",
		NotKeptItems: []string{
			"Cookie も、ブラウザーへの印も残しません。上の選択をした場合のその項目だけが例外です。",
			"ネットワークアドレス（IP）や、送られたままのブラウザー識別情報は残しません。どちらも同じ日の訪問者を見分けるためにメモリー上で使われるだけで、ディスクには決して書かれません。",
			"個人の履歴は残しません。訪問者を見分ける値には、サイトごと、日ごとに異なる乱数が混ぜられ、その乱数は日が終わって三十分後に破棄されます。それ以後は、運営者を含め誰も、その日の訪問者を見分けられません。",
			"ページのアドレスのうち、キャンペーンの目印以外のパラメーターは残しません。直前に見ていたページのパラメーターも残しません。",
			"サイトを配信するウェブサーバーが独自の記録を取っていることがあります。それは Footfall の一部ではなく、サイトのプライバシーに関する説明に書かれているべきものです。",
		},
		Elsewhere: "別のサイトのことでしたか？",
		Owner:     "ブラウザーは選択を、アドレスバーに表示されているアドレスについてだけ覚えます。別のアドレスのサイトには、そのサイト自身のページにボタンが必要です。",
		Tags:      "ご自分のサイトなら、プライバシーに関するページにこの二行を入れてください。",
	},
}
