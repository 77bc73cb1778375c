"""Vocabularies: what people, places, companies and papers are called."""

from __future__ import annotations

import unicodedata


def listed(text: str) -> list[str]:
    """The words of a text, which stand between bars or, without bars, between blanks."""
    return text.split("|") if "|" in text else text.split()


# Even places are usually women's names, odd ones men's (see `persons.gender`).
FIRST = listed(
    "Mary James Anna John Linda Robert Susan Michael Karen William Nancy David Lisa Richard Betty "
    "Joseph Helen Thomas Sandra Charles Donna Carlos Carol Daniel Ruth Matthew Sharon Anthony "
    "Michelle Mark Laura Donald Sarah Steven Kimberly Paul Deborah Andrew Jessica Joshua Shirley "
    "Kenneth Cynthia Kevin Angela Brian Melissa George Brenda Timothy Amy Ronald Rebecca Jason "
    "Virginia Edward Kathleen Jeffrey Pamela Ryan Martha Jacob Debra Gary Amanda Nicholas Stephanie "
    "Eric Carolyn Jonathan Christine Stephen Marie Larry Janet Justin Catherine Scott Frances Brandon "
    "Ann Benjamin Joyce Samuel Diane Gregory Alice Frank Julie Alexander Heather Raymond Teresa "
    "Patrick Doris Jack Gloria Dennis Evelyn Jerry Jean Tyler Cheryl Aaron Mildred José Katherine "
    "Henry Joan Adam Ashley Douglas Judith Nathan Rose Peter Janice Zachary Kelly Kyle Nicole Walter "
    "Judy Noah Christina Ethan Zoë André Renée Jürgen Chloé René Beyoncé Jesús Inés Björn Siobhán "
    "Łukasz Anaïs François"
)

LAST = listed(
    "Smith|Johnson|Williams|Brown|Jones|García|Miller|Davis|Rodríguez|Martínez|Hernández|López|"
    "González|Wilson|Anderson|Thomas|Taylor|Moore|Jackson|Martin|Lee|Pérez|Thompson|White|Harris|"
    "Sánchez|Clark|Ramírez|Lewis|Robinson|Walker|Young|Allen|King|Wright|Scott|Torres|Nguyen|Hill|"
    "Flores|Green|Adams|Nelson|Baker|Hall|Rivera|Campbell|Mitchell|Carter|Roberts|Gómez|Phillips|"
    "Evans|Turner|Díaz|Parker|Cruz|Edwards|Collins|Reyes|Stewart|Morris|Morales|Murphy|Cook|Rogers|"
    "Gutiérrez|Ortiz|Morgan|Cooper|Peterson|Bailey|Reed|Kelly|Howard|Ramos|Kim|Cox|Ward|Richardson|"
    "Watson|Brooks|Chávez|Wood|James|Bennett|Gray|Mendoza|Ruiz|Hughes|Price|Álvarez|Castillo|Sanders|"
    "Patel|Myers|Long|Ross|Foster|Jiménez|Powell|Jenkins|Perry|Russell|Sullivan|Bell|Coleman|Butler|"
    "Henderson|Barnes|Gonzales|Fisher|Vásquez|Simmons|Romero|Jordan|Patterson|Alexander|Hamilton|"
    "Graham|Reynolds|Griffin|Wallace|Moreno|West|Cole|Hayes|Bryant|Herrera|Gibson|Ellis|Tran|Medina|"
    "Aguilar|Stevens|Murray|Ford|Castro|Marshall|Owens|Harrison|Fernández|McDonald|Woods|Washington|"
    "Kennedy|Wells|Vargas|Henry|Chen|Freeman|Webb|Tucker|Guzmán|Burns|Crawford|Olson|Simpson|Porter|"
    "Hunter|Gordon|Méndez|Silva|Shaw|Snyder|Mason|Dixon|Muñoz|Hunt|Hicks|Holmes|Palmer|Wagner|Black|"
    "Robertson|Boyd|Stone|Salazar|Fox|Warren|Mills|Meyer|Rice|Schmidt|Garza|Daniels|Ferguson|Nichols|"
    "Stephens|Soto|Weaver|Ryan|Gardner|Payne|Grant|Dunn|Kelley|Spencer|Hawkins|Arnold|Pierce|Hansen|"
    "Peters|Santos|Hart|Bradley|Knight|Elliott|Cunningham|Duncan|Armstrong|Hudson|Carroll|Lane|Riley|"
    "Andrews|Alvarado|Ray|Delgado|Berry|Perkins|Hoffman|Johnston|Matthews|Peña|Richards|Contreras|"
    "Willis|Carpenter|Lawrence|Sandoval|O'Brien|O'Connor|D'Angelo|O'Neill|Van der Berg|De la Cruz|"
    "Müller|Lefèvre|Åström|Saint-Pierre|Smith-Jones|MacDonald|Nuñez|Øverland|Çelik|Kowalski|Novák|"
    "St. John|Xu|Ng|Oyelaran-Oyeyinka"
)

STREETS = listed(
    "Main|Oak|Pine|Maple|Cedar|Elm|Washington|Lake|Hill|Park|View|Church|Walnut|Spring|Ridge|River|"
    "Highland|Sunset|Madison|Franklin|Jefferson|Lincoln|Jackson|Adams|Willow|Mill|Forest|Meadow|"
    "Cherry|Dogwood|Chestnut|Broad|Center|Union|Court|Prospect|Liberty|Martin Luther King|Lakeview|"
    "College|Railroad|Grove|Valley|Orchard|St. Clair|Saint-Denis|Peachtree|King's|Queen|Bay"
)
STREET_TYPES = listed("Street|Avenue|Road|Drive|Lane|Court|Boulevard|Way|Place|Terrace|Parkway|Circle")
UNITS = listed("Apt.|Suite|Unit|Floor|Bldg.|P.O. Box")

US, CANADA = "United States of America", "Canada"
# City, state or province, country: United States first (see `US_CITIES`).
_US = listed(
    "New York:NY|Los Angeles:CA|Chicago:IL|Houston:TX|Phoenix:AZ|Philadelphia:PA|San Antonio:TX|"
    "San Diego:CA|Dallas:TX|San José:CA|Austin:TX|Jacksonville:FL|Fort Worth:TX|Columbus:OH|"
    "Charlotte:NC|Indianapolis:IN|Seattle:WA|Denver:CO|Boston:MA|Nashville:TN|Detroit:MI|Portland:OR|"
    "Memphis:TN|Louisville:KY|Baltimore:MD|Milwaukee:WI|Albuquerque:NM|Tucson:AZ|Fresno:CA|"
    "Kansas City:MO|Atlanta:GA|Omaha:NE|Raleigh:NC|Miami:FL|Oakland:CA|Minneapolis:MN|Tulsa:OK|"
    "Tampa:FL|New Orleans:LA|Wichita:KS|Cleveland:OH|Honolulu:HI|Anchorage:AK|Boise:ID|"
    "Salt Lake City:UT|Richmond:VA|Des Moines:IA|Little Rock:AR|Providence:RI|Hartford:CT|"
    "Coeur d'Alene:ID|Winston-Salem:NC|St. Louis:MO|Cañon City:CO"
)
_CANADA = listed(
    "Toronto:ON|Montréal:QC|Vancouver:BC|Calgary:AB|Ottawa:ON|Edmonton:AB|Winnipeg:MB|Québec:QC|"
    "Hamilton:ON|Halifax:NS|Saskatoon:SK|Regina:SK|Trois-Rivières:QC|St. John's:NL|Fredericton:NB"
)
US_CITIES = len(_US)
CITIES = [name.split(":")[0] for name in _US + _CANADA]
STATES = [name.split(":")[1] for name in _US + _CANADA]
COUNTRIES = [US] * US_CITIES + [CANADA] * len(_CANADA)

US_STATES = listed(
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM "
    "NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY"
)
PROVINCES = listed("AB BC MB NB NL NS NT NU ON PE QC SK YT")

MAIL_HOSTS = listed("example.com|mail.example.com|example.org|example.net|post.example.ca|inbox.example.net")
ACCOUNT_KINDS = listed(
    "Retirement Account|Joint Account|College Fund|Margin Account|401(k) Rollover|Family Trust|"
    "Savings Plan|Growth & Income|Roth IRA|Custodial Account|House Money|Rainy Day Fund|Trading|"
    "Children's Education|Café Fund|Long-term Holdings"
)

INDUSTRY_WORDS = listed(
    "Aerospace|Air Courier|Airline|Apparel|Appliances|Audio & Video Equipment|Auto & Truck Makers|"
    "Auto & Truck Parts|Beverages (Alcoholic)|Beverages (Soft)|Biotechnology|Broadcasting|"
    "Business Services|Casinos & Gaming|Chemical Makers|Chemicals (Plastics)|Coal|"
    "Communications Equipment|Communications Services|Computer Hardware|Computer Networks|"
    "Computer Peripherals|Computer Services|Computer Storage|Conglomerates|Construction Agriculture|"
    "Construction Materials|Construction Services|Construction Supplies|Consumer Financial Services|"
    "Containers & Packaging|Crops|Electric Utilities|Electronic Instruments|Fabricated Plastics|"
    "Fish & Livestock|Food Processing|Footwear|Forestry & Wood|Furniture|Gold & Silver|"
    "Healthcare Facilities|Home Building|Hotels|Insurance (Accident)|Insurance (Life)|"
    "Insurance (Other)|Insurance (Property)|Investment Services|Iron & Steel|Jewelry & Silverware|"
    "Leisure Services|Major Drugs|Medical Equipment|Metal Mining|Mobile Homes|Money Centers|"
    "Motion Pictures|Natural Gas|Non-metallic Mining|Office Equipment|Office Supplies|"
    "Oil & Gas (Integrated)|Oil & Gas (Operations)|Oil Well Services|Paper Products|"
    "Personal Services|Photography|Printing & Publishing|Printing Services|Railroads|Real Estate|"
    "Recreational Products|Regional Banks|Rental & Leasing|Restaurants|Retail (Apparel)|"
    "Retail (Catalog)|Retail (Department)|Retail (Drugs)|Retail (Grocery)|Retail (Home)|"
    "Retail (Specialty)|Retail (Technology)|Savings Banks|Schools|Scientific Instruments|"
    "Security Systems|Semiconductors|Software|Textiles|Tires|Tobacco|Toys|Travel|Trucking|"
    "Unit Trusts|Waste Management|Water Transport|Water Utilities|Wind Power|Wireless Towers"
)
SECTORS = listed("BM CG CN CO EN FN HC SV TC TR UT")

COMPANY_HEAD = listed(
    "Apex Atlas Aurora Beacon Blue Bright Cascade Cedar Century Citadel Coastal Compass Copper Crown "
    "Delta Diamond Eagle Echo Ember Empire Evergreen Falcon First Frontier General Global Golden "
    "Granite Great Harbor Heritage Horizon Imperial Iron Keystone Lakeside Liberty Lion Magnolia "
    "Maple Meridian Metro Mountain National Noble North Northern Nova Oak Ocean Olympic Orion Pacific "
    "Paragon Phoenix Pinnacle Pioneer Polar Prairie Premier Prime Quantum Rapid Redwood Regal "
    "River Rocky Royal Sapphire Sierra Silver Solar South Southern Sterling Stone Summit Sunrise "
    "Superior Swift Titan Tri-State Trinity Twin Union United Universal Valley Vanguard Vector "
    "Victory Vista Western White Zenith"
)
COMPANY_BODY = listed(
    "Aerospace Airlines Analytics Apparel Automotive Bancorp Biologics Brands Broadcasting Capital "
    "Chemicals Communications Components Computing Construction Containers Controls Dairy Data "
    "Devices Diagnostics Dynamics Education Electric Electronics Energy Engines Entertainment "
    "Financial Fisheries Foods Forestry Foundry Freight Furniture Gas Genetics Glass Grain Health "
    "Hotels Imaging Industries Instruments Insurance Laboratories Leasing Lighting Logistics "
    "Machinery Materials Media Medical Metals Mills Minerals Mining Motors Networks Optics Packaging "
    "Paper Partners Petroleum Pharmaceuticals Pipelines Plastics Power Products Properties Publishing "
    "Railways Realty Refining Resources Restaurants Retail Robotics Rubber Security Semiconductors "
    "Shipping Software Solutions Steel Stores Systems Technologies Telecom Textiles Timber Tools Toys "
    "Trading Transport Utilities Water"
)
COMPANY_TAIL = listed(
    "Inc.|Corp.|Company|Ltd.|Group|Holdings|International|Incorporated|& Co.|Limited|of America|"
    "Associates|Worldwide|& Sons|Enterprises|(Canada) Ltd.|Trust|PLC|LLC|SA"
)

EMPLOYERS = listed(
    'Toys "R" Us|Barnes & Noble|Smith, Jones & Partners|City of Springfield|State University|'
    "Café Olé|Self-employed|Acme, Inc.|General Hospital|Widgets Unlimited|Übersee Logistik|"
    'The "Best" Bakery, LLC|Department of Transportation|Farmers\' Market|Johnson & Daughters|'
    "Retired|Public School District 12|Montréal Métro|Red River Mining|First National Bank"
)

DESCRIPTIONS = listed(
    "supplies industrial customers in North America and Europe with|is a leading maker of|"
    "designs, builds and services|imports and distributes|operates plants and warehouses for|"
    "finances and insures producers of|owns patents and brands in"
)
GOODS = listed(
    "specialty chemicals and coatings|passenger and freight vehicles|consumer goods for the home|"
    "medical devices & diagnostics|software for small businesses|food, drinks and tobacco|"
    "oil, gas and renewable energy|paper, board and packaging|clothing and footwear|"
    "semiconductors and sensors|bank and savings products|books, films and music"
)


def ascii_only(word: str) -> str:
    """A name as it stands in an e-mail address: lower case, no accents, letters only."""
    plain = unicodedata.normalize("NFKD", word.replace("Ł", "L").replace("Ø", "O"))
    return "".join(c for c in plain.lower() if c.isascii() and c.isalpha())
